// Writes the weight files of an engine: shard after shard, padding by itself. One thread.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/engine/engine_format.h"

namespace flightdeck {

class WeightWriter {
 public:
  /// The layout must outlive the writer.
  WeightWriter(std::string folder, const EngineLayout& layout) : folder_(std::move(folder)), layout_(layout) {}

  /// Bytes of `tensor`, in pieces of any size; tensors in the order of the layout.
  Result<void> append(const std::string& tensor, std::span<const std::byte> bytes);
  /// Error unless every tensor has been written whole.
  Result<void> finish();

 private:
  Result<void> next_entry();

  std::string folder_;
  const EngineLayout& layout_;
  size_t shard_ = 0, entry_ = 0;  // the one being written
  uint64_t entry_bytes_ = 0;      // of it, so far
  std::optional<SafetensorsWriter> file_;
};

}  // namespace flightdeck
