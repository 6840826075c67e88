// Types of numbers, and views of matrices. Nothing here owns memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flightdeck {

enum class DType : uint8_t { f32, f16, bf16, i8, i32 };

constexpr size_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32: return 4;
    case DType::f16:
    case DType::bf16: return 2;
    case DType::i8: return 1;
  }
  return 0;
}

/// Row-major activations on the device of the backend that made them. `stride` counts elements from row to row.
struct Matrix {
  void* data = nullptr;
  DType dtype = DType::f32;
  int rows = 0;
  int cols = 0;
  int stride = 0;

  template <class T>
  T* row(int r) const {
    return static_cast<T*>(data) + static_cast<size_t>(r) * static_cast<size_t>(stride);
  }
};

/// How a weight matrix is stored in an engine.
enum class WeightFormat : uint8_t {
  f32,
  f16,
  bf16,
  int8_channel,  // int8, symmetric, one scale a row (output channel)
  int4_group,    // two 4-bit values a byte, symmetric around 8, one scale a group of columns
};

/// A weight in the engine's canonical layout, in host memory; `data` is [rows, cols] row-major.
/// int8_channel: data int8 [rows, cols], scales float [rows]; value = q * scale.
/// int4_group: data uint8 [rows, cols / 2], column 2i in the low nibble; scales float [rows, cols / group_size];
/// value = (nibble - 8) * scale. group_size == cols means one scale a row. cols is a multiple of group_size and of 2.
struct WeightView {
  WeightFormat format = WeightFormat::f32;
  int rows = 0;  // output features
  int cols = 0;  // input features
  int group_size = 0;
  const void* data = nullptr;
  const float* scales = nullptr;
};

/// Bytes of `data` of such a weight, without the scales.
constexpr size_t data_bytes(WeightFormat format, size_t rows, size_t cols) {
  switch (format) {
    case WeightFormat::f32: return rows * cols * 4;
    case WeightFormat::f16:
    case WeightFormat::bf16: return rows * cols * 2;
    case WeightFormat::int8_channel: return rows * cols;
    case WeightFormat::int4_group: return rows * (cols / 2);
  }
  return 0;
}

}  // namespace flightdeck
