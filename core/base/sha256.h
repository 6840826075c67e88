// SHA-256 (FIPS 180-4) as 64 hexadecimal digits: tells files of other people apart, as the hubs do.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

/// Of bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> bytes);
  /// The digest; the object may then only be destroyed or assigned to.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of a whole file, read front to back; progress gets the bytes just read and returns false to cancel.
Result<std::string> sha256_of_file(const std::string& path, const std::function<bool(uint64_t)>& progress = {});
bool is_sha256(std::string_view text);

}  // namespace flightdeck
