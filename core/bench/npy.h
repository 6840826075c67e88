// NumPy's .npy files, as far as the command line needs them: tables of token ids in, ids and logits out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

/// Row-major integers of a .npy file; a one-dimensional array is one row.
struct IdArray {
  size_t rows = 0;
  size_t cols = 0;
  std::vector<int64_t> values;
};

/// Little-endian int32 or int64 of one or two dimensions, in C or Fortran order. Anything else is an error, as is a
/// file that is longer or shorter than its header says. `name` is what messages call the bytes.
Result<IdArray> parse_npy_ids(std::string_view bytes, const std::string& name);

/// A two-dimensional array, written atomically; values.size() is a multiple of cols.
Result<void> write_npy(const std::string& path, std::span<const int32_t> values, size_t cols);
Result<void> write_npy(const std::string& path, std::span<const float> values, size_t cols);

}  // namespace flightdeck
