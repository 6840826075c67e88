// The hash a hub lists for a file, computed over bytes that come in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/hub/names.h"

namespace flightdeck {

/// Of ContentHash::Kind::none the sha256 is computed as well: it is recorded for later checks. Not thread-safe.
class ContentHasher {
 public:
  ContentHasher(ContentHash::Kind kind, uint64_t size);
  ~ContentHasher();
  ContentHasher(ContentHasher&&) noexcept;
  ContentHasher& operator=(ContentHasher&&) noexcept;
  void update(std::span<const std::byte> bytes);
  /// Hexadecimal, lower case; the object may then only be destroyed or assigned to.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace flightdeck
