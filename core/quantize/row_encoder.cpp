#include "core/quantize/row_encoder.h"

#include <cmath>
#include <cstring>

#include "core/base/float16.h"
#include "core/quantize/rtn.h"

namespace flightdeck {
namespace {

/// 16-bit floats; how many became infinite.
template <uint16_t (*convert)(float)>
int64_t encode_half(const float* values, size_t count, std::byte* data, uint16_t infinity) {
  int64_t too_large = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t bits = convert(values[i]);
    too_large += (bits & 0x7fffu) == infinity ? 1 : 0;
    std::memcpy(data + 2 * i, &bits, sizeof bits);
  }
  return too_large;
}

template <class T>
T load(const void* data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(data) + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

int64_t RowEncoder::row_scales() const {
  if (format == WeightFormat::int8_channel) return 1;
  return format == WeightFormat::int4_group ? cols / group_cols : 0;
}

int64_t RowEncoder::encode(const float* values, int64_t rows, std::byte* data, float* scales) const {
  const auto count = static_cast<size_t>(rows * cols), columns = static_cast<size_t>(cols);
  switch (format) {
    case WeightFormat::f32:
      std::memcpy(data, values, count * sizeof(float));
      return 0;
    case WeightFormat::f16:
      return encode_half<f32_to_f16>(values, count, data, 0x7c00);
    case WeightFormat::bf16:
      return encode_half<f32_to_bf16>(values, count, data, 0x7f80);
    case WeightFormat::int8_channel:
      for (size_t row = 0; row < static_cast<size_t>(rows); ++row)
        scales[row] = quantize_int8({values + row * columns, columns}, reinterpret_cast<int8_t*>(data) + row * columns);
      return 0;
    case WeightFormat::int4_group: {
      const auto group = static_cast<size_t>(group_cols);
      for (size_t i = 0; i < count / group; ++i)
        scales[i] = quantize_int4({values + i * group, group}, reinterpret_cast<uint8_t*>(data) + i * group / 2);
      return 0;
    }
  }
  return 0;
}

void decode_row(const WeightView& weight, int64_t row, float* out) {
  const auto cols = static_cast<size_t>(weight.cols), r = static_cast<size_t>(row);
  for (size_t c = 0; c < cols; ++c) {
    const size_t at = r * cols + c;
    switch (weight.format) {
      case WeightFormat::f32:
        out[c] = load<float>(weight.data, at);
        break;
      case WeightFormat::f16:
        out[c] = f16_to_f32(load<uint16_t>(weight.data, at));
        break;
      case WeightFormat::bf16:
        out[c] = bf16_to_f32(load<uint16_t>(weight.data, at));
        break;
      case WeightFormat::int8_channel:
        out[c] = static_cast<float>(load<int8_t>(weight.data, at)) * weight.scales[r];
        break;
      case WeightFormat::int4_group: {
        const int nibbles = load<uint8_t>(weight.data, at / 2);
        const int code = (c % 2 == 0 ? nibbles & 15 : nibbles >> 4) - 8;
        out[c] = static_cast<float>(code) * weight.scales[at / static_cast<size_t>(weight.group_size)];
        break;
      }
    }
  }
}

Result<int64_t> choose_group(const std::string& tensor, int64_t cols, int wanted) {
  if (cols % 2 != 0)
    return fail(ErrorKind::invalid_input, "{} has {} columns, INT4 needs an even number: choose INT8 instead", tensor,
                cols);
  if (wanted == 0) return cols;
  for (const int group : {128, 64, 32})
    if (group <= wanted && cols % group == 0) return group;
  return fail(
      ErrorKind::invalid_input,
      "{} has {} columns, which cannot be divided into groups of {} or fewer (of 32, 64, 128): choose group size "
      "0 (one scale a row), or INT8",
      tensor, cols, wanted);
}

}  // namespace flightdeck
