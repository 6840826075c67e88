// The header of a safetensors file, from bytes to checked tensors. Pure: no files, no state.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace flightdeck {

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;     // in the order of their bytes
  std::vector<SkippedTensor> skipped;  // legal, but of a dtype without DType
  std::map<std::string, std::string> metadata;
};

/// `file` is the whole file; the tensors' data points into it.
Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file, const std::string& name);

/// Bytes of a tensor; nothing when the dtype is unknown, the product overflows or bits do not fill whole bytes.
std::optional<uint64_t> safetensors_bytes(std::string_view dtype, std::span<const int64_t> shape);

}  // namespace flightdeck
