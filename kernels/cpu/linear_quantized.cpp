// INT8 and INT4 weights times float activations. Every row of the input is quantized to int8 in blocks of up to 64
// columns with one scale each; weights are unsigned codes (value + 128, or + 8), so a block's sum starts at
// -128 or -8 times the sum of its activations. Integer sums are exact, and the blocks of a row are added in their
// order: a row's result does not depend on what else is in the batch.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/linear_quantized.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// clang-format off: the two above come first
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/linear_tiles.h"
#include "kernels/cpu/packed_weight.h"
// clang-format on

#ifndef FLIGHTDECK_CPU_LINEAR_QUANTIZED_
#define FLIGHTDECK_CPU_LINEAR_QUANTIZED_
namespace flightdeck::cpu {

/// The input of one linear, quantized; rows one after another.
struct QuantizedRows {
  int8_t* codes = nullptr;         // [rows, padded_cols]
  float* scales = nullptr;         // [rows, blocks]
  int32_t* corrections = nullptr;  // [rows, blocks] what a block's sum starts with
};

struct QuantizedJob {
  const LinearArgs* args = nullptr;
  const CpuPackedWeight* weight = nullptr;
  QuantizedRows rows;
};

}  // namespace flightdeck::cpu
#endif

HWY_BEFORE_NAMESPACE();
#undef FLIGHTDECK_DOT_VNNI
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3_DL && HWY_COMPILER_GCC_ACTUAL
#pragma GCC target("avx512vnni")  // Highway 1.0.3 leaves it out of the target's list
#define FLIGHTDECK_DOT_VNNI 1
#else
#define FLIGHTDECK_DOT_VNNI 0
#endif
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI = hn::CappedTag<int32_t, kTileRows>;
using DF = hn::Rebind<float, DI>;
using VI = hn::Vec<DI>;
using VF = hn::Vec<DF>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(DI()));
constexpr int kVectors = kTileRows / kLanes;  // of one tile
constexpr int kQuadBytes = 4 * kTileRows;     // four columns of a tile
constexpr int kPrefetchBytes = 2048;          // what arrives while a line travels from memory, and as much again
// As many sums as the registers hold.
constexpr int kMaxTokensOfTarget = kLanes == 16 ? 6 : kLanes == 1 ? 1 : 4;
constexpr int kMaxTilesOfTarget = kLanes == 16 ? 2 : 1;

/// sum + the four products of unsigned bytes of `w` and signed bytes of `a` in each 32-bit lane.
#if FLIGHTDECK_DOT_VNNI
HWY_INLINE VI dot_bytes(VI sum, VI w, VI a) { return VI{_mm512_dpbusd_epi32(sum.raw, w.raw, a.raw)}; }
#else
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#if HWY_TARGET <= HWY_AVX3
HWY_INLINE VI add_pairs(VI a, VI b) { return VI{_mm512_madd_epi16(a.raw, b.raw)}; }
#elif HWY_TARGET == HWY_AVX2
HWY_INLINE VI add_pairs(VI a, VI b) { return VI{_mm256_madd_epi16(a.raw, b.raw)}; }
#else
HWY_INLINE VI add_pairs(VI a, VI b) { return VI{_mm_madd_epi16(a.raw, b.raw)}; }
#endif
HWY_INLINE VI dot_bytes(VI sum, VI w, VI a) {
  const DI di;
  const hn::Repartition<int16_t, DI> d16;
  const hn::Repartition<uint16_t, DI> u16;
  const VI w_even = hn::And(w, hn::Set(di, 0x00FF00FF));
  const VI w_odd = hn::BitCast(di, hn::ShiftRight<8>(hn::BitCast(u16, w)));
  const VI a_even = hn::BitCast(di, hn::ShiftRight<8>(hn::ShiftLeft<8>(hn::BitCast(d16, a))));
  const VI a_odd = hn::BitCast(di, hn::ShiftRight<8>(hn::BitCast(d16, a)));
  return hn::Add(sum, hn::Add(add_pairs(w_even, a_even), add_pairs(w_odd, a_odd)));
}
#else
HWY_INLINE VI dot_bytes(VI sum, VI w, VI a) {
  const VI byte = hn::Set(DI(), 0xFF);
  sum = hn::Add(sum, hn::Mul(hn::And(w, byte), hn::ShiftRight<24>(hn::ShiftLeft<24>(a))));
  sum = hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<8>(w), byte), hn::ShiftRight<24>(hn::ShiftLeft<16>(a))));
  sum = hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<16>(w), byte), hn::ShiftRight<24>(hn::ShiftLeft<8>(a))));
  return hn::Add(sum, hn::Mul(hn::And(hn::ShiftRight<24>(w), byte), hn::ShiftRight<24>(a)));
}
#endif
#endif

HWY_INLINE VI load_words(const uint8_t* bytes) { return hn::LoadU(DI(), reinterpret_cast<const int32_t*>(bytes)); }

HWY_INLINE VI broadcast_quad(const int8_t* codes) {
  int32_t quad;
  std::memcpy(&quad, codes, sizeof(quad));
  return hn::Set(DI(), quad);
}

/// Quantizes kMaxBlockCols values; returns the sum of the codes. A value that is not finite spoils the block.
int32_t quantize_block(const float* values, int8_t* codes, float& scale) {
  const DI di;
  const DF df;
  const hn::Rebind<int8_t, DI> d8;
  VI largest = hn::Zero(di);  // magnitudes compare as integers, NaN above all
  for (int i = 0; i < kMaxBlockCols; i += kLanes) {
    const VI bits = hn::BitCast(di, hn::LoadU(df, values + i));
    largest = hn::Max(largest, hn::And(bits, hn::Set(di, 0x7FFFFFFF)));
  }
  const float magnitude = hn::GetLane(hn::BitCast(df, hn::MaxOfLanes(di, largest)));
  if (!std::isfinite(magnitude)) {  // 0 times such a scale is not a number, as the result must be
    std::memset(codes, 0, kMaxBlockCols);
    scale = magnitude;
    return 0;
  }
  const bool nothing = magnitude < 1e-30f;
  scale = nothing ? 0.0f : magnitude / 127.0f;
  const VF inverse = hn::Set(df, nothing ? 0.0f : 127.0f / magnitude);
  VI sum = hn::Zero(di);
  for (int i = 0; i < kMaxBlockCols; i += kLanes) {
    const VI code = hn::NearestInt(hn::Mul(hn::LoadU(df, values + i), inverse));
    sum = hn::Add(sum, code);
    hn::StoreU(hn::DemoteTo(d8, code), d8, codes + i);
  }
  return hn::GetLane(hn::SumOfLanes(di, sum));
}

void quantize_rows(const QuantizedJob& job, int begin, int end) {
  const WeightLayout& layout = job.weight->layout;
  const int bias = job.weight->format == WeightFormat::int8_channel ? 128 : 8;
  const int blocks = layout.blocks();
  const int cols = job.weight->cols;
  for (int r = begin; r < end; ++r) {
    const float* in = job.args->in.row<const float>(r);
    const size_t first = static_cast<size_t>(r) * static_cast<size_t>(blocks);
    for (int b = 0; b < blocks; ++b) {
      const int col = b * layout.block_cols;
      const int count = std::min(layout.block_cols, cols - col);
      const size_t at = first + static_cast<size_t>(b);
      int8_t* codes = job.rows.codes + at * static_cast<size_t>(layout.block_cols);
      int32_t sum = 0;
      if (count == kMaxBlockCols) {
        sum = quantize_block(in + col, codes, job.rows.scales[at]);
      } else {
        float padded[kMaxBlockCols] = {};
        int8_t padded_codes[kMaxBlockCols];
        std::memcpy(padded, in + col, static_cast<size_t>(count) * sizeof(float));
        sum = quantize_block(padded, padded_codes, job.rows.scales[at]);
        std::memcpy(codes, padded_codes, static_cast<size_t>(layout.block_cols));
      }
      job.rows.corrections[at] = -bias * sum;
    }
  }
}

/// The same for one row and one tile: every other step has sums of its own, since a dot product waits five cycles for
/// the one before; and memory is asked for ahead, also behind the page end where the hardware stops to guess.
template <bool kInt4>
HWY_INLINE void add_block_of_one(int cols, const int8_t* codes, const uint8_t* w, VI (&sums)[kVectors]) {
  const VI nibble = hn::Set(DI(), 0x0F0F0F0F);
  VI other[kVectors];
  for (VI& lanes : other) lanes = hn::Zero(DI());
  constexpr int kStep = kInt4 ? 8 : 4;  // columns of one kQuadBytes
  const auto add = [&](int c, VI(&to)[kVectors]) {
    const uint8_t* from = w + c / kStep * kQuadBytes;
    hwy::Prefetch(from + kPrefetchBytes);
    for (int i = 0; i < kVectors; ++i) {
      const VI weights = load_words(from + i * kLanes * 4);
      if constexpr (kInt4) {
        to[i] = dot_bytes(to[i], hn::And(weights, nibble), broadcast_quad(codes + c));
        to[i] = dot_bytes(to[i], hn::And(hn::ShiftRight<4>(weights), nibble), broadcast_quad(codes + c + 4));
      } else {
        to[i] = dot_bytes(to[i], weights, broadcast_quad(codes + c));
      }
    }
  };
  int c = 0;
  for (; c + 2 * kStep <= cols; c += 2 * kStep) {
    add(c, sums);
    add(c + kStep, other);
  }
  if (c < cols) add(c, sums);
  for (int i = 0; i < kVectors; ++i) sums[i] = hn::Add(sums[i], other[i]);
}

/// One block of kTokens rows times kTiles tiles, added to `sums`. `codes` and `w` stand at the block.
template <bool kInt4, int kTokens, int kTiles>
HWY_INLINE void add_block(int cols, const int8_t* const* codes, const uint8_t* const* w,
                          VI (&sums)[kTokens][kTiles * kVectors]) {
  constexpr int kAll = kTiles * kVectors;
  if constexpr (kTokens == 1 && kTiles == 1) {
    add_block_of_one<kInt4>(cols, codes[0], w[0], sums[0]);
  } else if constexpr (!kInt4) {
    for (int c = 0; c < cols; c += 4) {
      VI weights[kAll];
      for (int i = 0; i < kAll; ++i) {
        weights[i] = load_words(w[i / kVectors] + c / 4 * kQuadBytes + i % kVectors * kLanes * 4);
      }
      for (int t = 0; t < kTokens; ++t) {
        const VI a = broadcast_quad(codes[t] + c);
        for (int i = 0; i < kAll; ++i) sums[t][i] = dot_bytes(sums[t][i], weights[i], a);
      }
    }
  } else {
    const DI di;
    const VI nibble = hn::Set(di, 0x0F0F0F0F);
    for (int c = 0; c < cols; c += 8) {
      VI low[kAll];
      VI high[kAll];
      for (int i = 0; i < kAll; ++i) {
        const VI both = load_words(w[i / kVectors] + c / 8 * kQuadBytes + i % kVectors * kLanes * 4);
        low[i] = hn::And(both, nibble);
        high[i] = hn::And(hn::ShiftRight<4>(both), nibble);
      }
      for (int t = 0; t < kTokens; ++t) {
        const VI a0 = broadcast_quad(codes[t] + c);
        const VI a1 = broadcast_quad(codes[t] + c + 4);
        for (int i = 0; i < kAll; ++i) sums[t][i] = dot_bytes(sums[t][i], low[i], a0);
        for (int i = 0; i < kAll; ++i) sums[t][i] = dot_bytes(sums[t][i], high[i], a1);
      }
    }
  }
}

/// Asks the second-level cache for the next unit while this one is multiplied: rows that take several passes over a
/// unit compute from the caches, and memory would stand still meanwhile. Each pass asks for its share, spread evenly.
class Ahead {
 public:
  Ahead(const QuantizedJob& job, int tile, int tiles, int token, int most_tokens) {
    const int rows = job.args->in.rows;
    passes_ = (rows + most_tokens - 1) / most_tokens;
    if (passes_ < 2 || passes_ > kMostPasses || tile + 2 * tiles > job.weight->layout.tiles) return;
    const int pass = (token * passes_ + rows - 1) / rows;
    here_ = job.weight->tile(tile);
    tile_bytes_ = static_cast<size_t>(job.weight->tile(tile + 1) - here_);
    next_ = job.weight->tile(tile + tiles) + tile_bytes_ * static_cast<size_t>(pass) / static_cast<size_t>(passes_);
  }
  /// For `bytes` of each tile from `at` on, a place in the first tile.
  template <int kTiles>
  HWY_INLINE void ask(const uint8_t* at, size_t bytes) const {
    if (!next_) return;
    const auto passes = static_cast<size_t>(passes_);
    const uint8_t* from = next_ + static_cast<size_t>(at - here_) / passes;
    for (size_t line = 0; line * passes < bytes; line += kLineBytes) {
      for (int n = 0; n < kTiles; ++n) __builtin_prefetch(from + static_cast<size_t>(n) * tile_bytes_ + line, 0, 2);
    }
  }

 private:
  static constexpr int kMostPasses = 16;  // with more, arithmetic takes so long that memory does not count
  static constexpr size_t kLineBytes = 64;
  const uint8_t* here_ = nullptr;
  const uint8_t* next_ = nullptr;
  size_t tile_bytes_ = 0;
  int passes_ = 1;
};

template <bool kInt4, int kTokens, int kTiles>
HWY_NOINLINE void multiply_tiles(const QuantizedJob& job, int tile, int token) {
  constexpr int kAll = kTiles * kVectors;
  const DI di;
  const DF df;
  const WeightLayout& layout = job.weight->layout;
  const auto blocks = static_cast<size_t>(layout.blocks());
  const auto padded_cols = static_cast<size_t>(layout.padded_cols());
  const size_t block_bytes = static_cast<size_t>(layout.block_cols) * kTileRows / (kInt4 ? 2 : 1);
  const uint8_t* w[kTiles];
  const uint8_t* scales[kTiles];
  for (int n = 0; n < kTiles; ++n) w[n] = job.weight->tile(tile + n);
  const int8_t* codes[kTokens];
  for (int t = 0; t < kTokens; ++t) codes[t] = job.rows.codes + static_cast<size_t>(token + t) * padded_cols;
  const float* row_scales = job.rows.scales + static_cast<size_t>(token) * blocks;
  const int32_t* corrections = job.rows.corrections + static_cast<size_t>(token) * blocks;

  const Ahead ahead(job, tile, kTiles, token, kMaxTokensOfTarget);
  VF out[kTokens][kAll];
  for (auto& row : out) {
    for (VF& lanes : row) lanes = hn::Zero(df);
  }
  for (int group = 0; group < layout.groups; ++group) {
    for (int n = 0; n < kTiles; ++n) {
      scales[n] = w[n];
      w[n] += kScaleBytes;
    }
    for (int block = 0; block < layout.group_blocks; ++block, ++row_scales, ++corrections) {
      VI sums[kTokens][kAll];
      for (int t = 0; t < kTokens; ++t) {
        for (VI& lanes : sums[t]) lanes = hn::Set(di, corrections[static_cast<size_t>(t) * blocks]);
      }
      if constexpr (kTokens > 1) ahead.ask<kTiles>(w[0], block_bytes);
      add_block<kInt4, kTokens, kTiles>(layout.block_cols, codes, w, sums);
      for (int i = 0; i < kAll; ++i) {
        const auto* lane_scales = reinterpret_cast<const float*>(scales[i / kVectors]) + i % kVectors * kLanes;
        const VF scale = hn::LoadU(df, lane_scales);
        for (int t = 0; t < kTokens; ++t) {
          const VF both = hn::Mul(scale, hn::Set(df, row_scales[static_cast<size_t>(t) * blocks]));
          out[t][i] = hn::MulAdd(hn::ConvertTo(df, sums[t][i]), both, out[t][i]);
        }
      }
      for (int t = 0; t < kTokens; ++t) codes[t] += layout.block_cols;
      for (int n = 0; n < kTiles; ++n) w[n] += block_bytes;
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int i = 0; i < kAll; ++i) {
      HWY_ALIGN float lanes[kLanes];
      hn::Store(out[t][i], df, lanes);
      store_channels(*job.args, token + t, tile * kTileRows + i * kLanes, lanes, kLanes);
    }
  }
}

struct Int8Tiles {
  static constexpr int kMaxTokens = kMaxTokensOfTarget;
  static constexpr int kMaxTiles = kMaxTilesOfTarget;
  template <int kTokens, int kTiles>
  static void multiply(const QuantizedJob& job, int tile, int token) {
    multiply_tiles<false, kTokens, kTiles>(job, tile, token);
  }
};
struct Int4Tiles {
  static constexpr int kMaxTokens = kMaxTokensOfTarget;
  static constexpr int kMaxTiles = kMaxTilesOfTarget;
  template <int kTokens, int kTiles>
  static void multiply(const QuantizedJob& job, int tile, int token) {
    multiply_tiles<true, kTokens, kTiles>(job, tile, token);
  }
};

void linear_quantized_tiles(const QuantizedJob& job, int begin, int end) {
  const int tiles = job.weight->layout.tiles;
  if (job.weight->format == WeightFormat::int8_channel) {
    for_each_tile<Int8Tiles>(job, job.args->in.rows, tiles, begin, end);
  } else {
    for_each_tile<Int4Tiles>(job, job.args->in.rows, tiles, begin, end);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck::cpu {
namespace {

HWY_EXPORT(quantize_rows);
HWY_EXPORT(linear_quantized_tiles);

}  // namespace

void linear_quantized(const LinearArgs& args, CpuContext& context) {
  const auto& weight = static_cast<const CpuPackedWeight&>(*args.weight);
  const auto rows = static_cast<size_t>(args.in.rows);
  const size_t code_bytes = whole_lines(rows * static_cast<size_t>(weight.layout.padded_cols()));
  const size_t block_bytes = whole_lines(rows * static_cast<size_t>(weight.layout.blocks()) * sizeof(float));
  std::byte* scratch = context.scratch(code_bytes + 2 * block_bytes);
  QuantizedJob job{&args, &weight, {}};
  job.rows.codes = reinterpret_cast<int8_t*>(scratch);
  job.rows.scales = reinterpret_cast<float*>(scratch + code_bytes);
  job.rows.corrections = reinterpret_cast<int32_t*>(scratch + code_bytes + block_bytes);
  context.pool().parallel_for(args.in.rows, rows_per_chunk(args.in.cols), [&](int begin, int end, int) {
    HWY_DYNAMIC_DISPATCH(quantize_rows)(job, begin, end);
  });
  context.pool().parallel_for(units_of(weight.layout.tiles), units_per_chunk(args), [&](int begin, int end, int) {
    HWY_DYNAMIC_DISPATCH(linear_quantized_tiles)(job, begin, end);
  });
}

}  // namespace flightdeck::cpu
#endif
