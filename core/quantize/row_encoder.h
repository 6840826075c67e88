// Rows of float32 → an engine's canonical bytes (kernels/tensor.h: WeightView), and back. Thread-safe, no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "kernels/tensor.h"

namespace flightdeck {

struct RowEncoder {
  WeightFormat format = WeightFormat::f32;
  int64_t cols = 0;
  int64_t group_cols = 0;  // int4_group; divides cols

  size_t row_bytes() const { return data_bytes(format, 1, static_cast<size_t>(cols)); }
  int64_t row_scales() const;  // 0 for float formats
  /// data: rows * row_bytes(); scales: rows * row_scales(). Returns how many values are too large for the format
  /// (16-bit floats; they become infinite).
  int64_t encode(const float* values, int64_t rows, std::byte* data, float* scales) const;
};

/// Row `row` of a canonical weight as float32, cols values.
void decode_row(const WeightView& weight, int64_t row, float* out);

/// The largest of the allowed group sizes (32, 64, 128) up to `wanted` that divides cols; wanted 0: cols, one scale a
/// row. Invalid input naming `tensor` and the choices left when there is none.
Result<int64_t> choose_group(const std::string& tensor, int64_t cols, int wanted);

}  // namespace flightdeck
