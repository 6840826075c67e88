// The plain loops in double that every operation is compared with, and the inputs they are compared on.
#pragma once

#include <hwy/targets.h>

#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/half.h"

namespace flightdeck::test {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// Largest allowed |got - expected| over the largest |expected|, by what rounds the result.
struct Tolerance {
  static constexpr double exact = 0;
  static constexpr double float32 = 2e-5;
  static constexpr double half = 1e-3;             // keys and values in float16
  static constexpr double quantized_input = 0.03;  // int8 activations in blocks of 64
};

inline Floats random_floats(size_t count, uint32_t seed, float spread = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, spread);
  Floats values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

inline Matrix matrix_of(Floats& values, int rows, int cols) { return {values.data(), DType::f32, rows, cols, cols}; }

/// Largest difference relative to the largest expected magnitude; infinite when a value is not a number.
inline double difference(const Floats& got, const Doubles& expected) {
  double worst = got.size() == expected.size() ? 0 : INFINITY;
  double largest = 1e-30;
  for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    const double error = std::abs(got[i] - expected[i]);
    worst = std::isfinite(error) ? std::max(worst, error) : INFINITY;
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / largest;
}

#define COMPARE_WITHIN(got, expected, tolerance)                                                        \
  do {                                                                                                  \
    const double difference_ = flightdeck::test::difference(got, expected);                             \
    QVERIFY2(difference_ <= (tolerance),                                                                \
             qPrintable(QString("difference %1, allowed %2").arg(difference_).arg(double(tolerance)))); \
  } while (false)

/// A weight in the canonical layout with the values it stands for.
struct Weight {
  WeightFormat format = WeightFormat::f32;
  int rows = 0;
  int cols = 0;
  int group_size = 0;
  std::vector<uint8_t> data;
  Floats scales;
  Doubles values;  // [rows, cols]

  WeightView view() const { return {format, rows, cols, group_size, data.data(), scales.data()}; }
};

template <class T>
void append(std::vector<uint8_t>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof(value));
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

/// One random element of a weight, appended to its data; returns the value it stands for.
inline double append_value(Weight& weight, int row, int col, std::mt19937& generator) {
  const float value = std::normal_distribution<float>(0, 0.05f)(generator);
  const int scale_cols = weight.format == WeightFormat::int4_group ? weight.group_size : weight.cols;
  const auto scale_at = static_cast<size_t>(row * (weight.cols / scale_cols) + col / scale_cols);
  switch (weight.format) {
    case WeightFormat::f32:
      append(weight.data, value);
      return value;
    case WeightFormat::f16:
      append(weight.data, cpu::half_of_float(value));
      return cpu::float_of_half(cpu::half_of_float(value));
    case WeightFormat::bf16: {
      const auto bits = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
      append(weight.data, bits);
      return cpu::float_of_bf16(bits);
    }
    case WeightFormat::int8_channel: {
      const int code = std::uniform_int_distribution<int>(-128, 127)(generator);
      append(weight.data, static_cast<int8_t>(code));
      return static_cast<double>(code) * static_cast<double>(weight.scales[scale_at]);
    }
    case WeightFormat::int4_group: {
      const int code = std::uniform_int_distribution<int>(0, 15)(generator);
      if (col % 2 == 0) append(weight.data, uint8_t{0});
      weight.data.back() = static_cast<uint8_t>(weight.data.back() | (code << (col % 2 * 4)));
      return static_cast<double>(code - 8) * static_cast<double>(weight.scales[scale_at]);
    }
  }
  return 0;
}

inline Weight random_weight(WeightFormat format, int rows, int cols, int group_size, uint32_t seed) {
  Weight weight{format, rows, cols, group_size, {}, {}, {}};
  std::mt19937 generator(seed);
  const int groups = format == WeightFormat::int4_group ? cols / group_size : 1;
  for (int i = 0; i < rows * groups; ++i) {
    weight.scales.push_back(std::uniform_real_distribution<float>(0.001f, 0.01f)(generator));
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) weight.values.push_back(append_value(weight, r, c, generator));
  }
  return weight;
}

inline Doubles naive_linear(const Floats& in, int tokens, const Weight& weight, const float* bias) {
  Doubles out;
  for (int t = 0; t < tokens; ++t) {
    for (int r = 0; r < weight.rows; ++r) {
      double sum = bias ? static_cast<double>(bias[r]) : 0;
      for (int c = 0; c < weight.cols; ++c) {
        sum += static_cast<double>(in[static_cast<size_t>(t * weight.cols + c)]) *
               weight.values[static_cast<size_t>(r * weight.cols + c)];
      }
      out.push_back(sum);
    }
  }
  return out;
}

/// A ragged batch whose cache blocks are scattered over the cache.
struct Batch {
  struct Sequence {
    int past = 0;
    int tokens = 0;
  };
  std::vector<Sequence> sequences;
  int block_size = 16;
  int max_blocks = 0;
  int blocks = 0;
  std::vector<int32_t> ids, positions, sequence_of, offsets, lengths, tables;

  explicit Batch(std::vector<Sequence> wanted, int tokens_per_block = 16)
      : sequences(std::move(wanted)), block_size(tokens_per_block) {
    offsets.push_back(0);
    for (size_t s = 0; s < sequences.size(); ++s) {
      for (int t = 0; t < sequences[s].tokens; ++t) {
        ids.push_back(static_cast<int32_t>((positions.size() * 37) % 64));
        positions.push_back(sequences[s].past + t);
        sequence_of.push_back(static_cast<int32_t>(s));
      }
      offsets.push_back(static_cast<int32_t>(positions.size()));
      lengths.push_back(sequences[s].past + sequences[s].tokens);
      max_blocks = std::max(max_blocks, (lengths.back() + block_size - 1) / block_size);
    }
    blocks = max_blocks * static_cast<int>(sequences.size());
    std::vector<int32_t> order(static_cast<size_t>(blocks));
    for (int b = 0; b < blocks; ++b) order[static_cast<size_t>(b)] = b;
    std::shuffle(order.begin(), order.end(), std::mt19937(7));
    tables = order;
  }

  int tokens() const { return static_cast<int>(positions.size()); }
  BatchView view() const {
    return {tokens(),         static_cast<int>(sequences.size()),
            max_blocks,       ids.data(),
            positions.data(), sequence_of.data(),
            offsets.data(),   lengths.data(),
            tables.data()};
  }
};

/// Keys and values of one layer, filled with random numbers.
struct Cache {
  DType dtype;
  int blocks, block_size, kv_heads, head_dim;
  std::vector<uint8_t> keys, values;

  Cache(const Batch& batch, DType type, int heads, int dim)
      : dtype(type), blocks(batch.blocks), block_size(batch.block_size), kv_heads(heads), head_dim(dim) {
    const auto count = static_cast<size_t>(blocks * block_size * kv_heads * head_dim);
    keys = stored(random_floats(count, 11));
    values = stored(random_floats(count, 12));
  }
  KvCacheView view() { return {keys.data(), values.data(), dtype, blocks, block_size, kv_heads, head_dim}; }

  size_t index(const Batch& batch, int sequence, int position, int head, int d) const {
    const int block = batch.tables[static_cast<size_t>(sequence * batch.max_blocks + position / block_size)];
    return static_cast<size_t>(((block * kv_heads + head) * block_size + position % block_size) * head_dim + d);
  }
  double read(const std::vector<uint8_t>& bytes, size_t at) const {
    if (dtype == DType::f32) return static_cast<double>(reinterpret_cast<const float*>(bytes.data())[at]);
    return static_cast<double>(cpu::float_of_half(reinterpret_cast<const uint16_t*>(bytes.data())[at]));
  }

 private:
  std::vector<uint8_t> stored(const Floats& floats) const {
    std::vector<uint8_t> bytes;
    for (const float value : floats) {
      if (dtype == DType::f32) {
        append(bytes, value);
      } else {
        append(bytes, cpu::half_of_float(value));
      }
    }
    return bytes;
  }
};

/// Calls `check` once for every instruction set this processor has, with the kernels bound to it.
template <class Check>
void for_each_target(const Check& check) {
  const int64_t all = hwy::SupportedTargets();
  for (int64_t rest = all; rest != 0; rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    hwy::GetChosenTarget().DeInit();
    check(hwy::TargetName(rest & -rest));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace flightdeck::test
