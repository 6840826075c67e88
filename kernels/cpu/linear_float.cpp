// Weights of float32, float16 and bfloat16 times float activations. Columns are summed in blocks of 64, then the
// blocks: always in this order, so that a row's result does not depend on what else is in the batch.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/linear_float.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// clang-format off: the two above come first
#include <algorithm>

#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/linear_tiles.h"
#include "kernels/cpu/packed_weight.h"
// clang-format on

#ifndef FLIGHTDECK_CPU_LINEAR_FLOAT_
#define FLIGHTDECK_CPU_LINEAR_FLOAT_
namespace flightdeck::cpu {

constexpr int kSummedCols = 64;

struct FloatJob {
  const LinearArgs* args = nullptr;
  const CpuPackedWeight* weight = nullptr;
};

}  // namespace flightdeck::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, kTileRows>;
using VF = hn::Vec<DF>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(DF()));
constexpr int kVectors = kTileRows / kLanes;  // of one tile

HWY_INLINE VF load_weights(const float* from) { return hn::LoadU(DF(), from); }
template <class Half>
HWY_INLINE VF load_weights(const Half* from) {
  return hn::PromoteTo(DF(), hn::LoadU(hn::Rebind<Half, DF>(), from));
}

template <class T, int kTokens, int kTiles>
HWY_NOINLINE void multiply_tiles(const FloatJob& job, int tile, int token) {
  constexpr int kAll = kTiles * kVectors;
  const DF df;
  const T* w[kTiles];
  for (int n = 0; n < kTiles; ++n) w[n] = reinterpret_cast<const T*>(job.weight->tile(tile + n));
  const float* in[kTokens];
  for (int t = 0; t < kTokens; ++t) in[t] = job.args->in.row<const float>(token + t);

  VF out[kTokens][kAll];
  for (auto& row : out) {
    for (VF& lanes : row) lanes = hn::Zero(df);
  }
  const int cols = job.weight->cols;
  for (int block = 0; block < cols; block += kSummedCols) {
    VF sums[kTokens][kAll];
    for (auto& row : sums) {
      for (VF& lanes : row) lanes = hn::Zero(df);
    }
    const int end = std::min(block + kSummedCols, cols);
    for (int c = block; c < end; ++c) {
      VF weights[kAll];
      for (int i = 0; i < kAll; ++i) {
        weights[i] = load_weights(w[i / kVectors] + c * kTileRows + i % kVectors * kLanes);
      }
      for (int t = 0; t < kTokens; ++t) {
        const VF value = hn::Set(df, in[t][c]);
        for (int i = 0; i < kAll; ++i) sums[t][i] = hn::MulAdd(weights[i], value, sums[t][i]);
      }
    }
    for (int t = 0; t < kTokens; ++t) {
      for (int i = 0; i < kAll; ++i) out[t][i] = hn::Add(out[t][i], sums[t][i]);
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

template <class T>
struct FloatTiles {
  static constexpr int kMaxTokens = kLanes == 16 ? 6 : kLanes == 1 ? 1 : 4;
  static constexpr int kMaxTiles = kLanes == 16 ? 2 : 1;
  template <int kTokens, int kTiles>
  static void multiply(const FloatJob& job, int tile, int token) {
    multiply_tiles<T, kTokens, kTiles>(job, tile, token);
  }
};

void linear_float_tiles(const FloatJob& job, int begin, int end) {
  const int rows = job.args->in.rows;
  const int tiles = job.weight->layout.tiles;
  switch (job.weight->format) {
    case WeightFormat::f16:
      for_each_tile<FloatTiles<hwy::float16_t>>(job, rows, tiles, begin, end);
      break;
    case WeightFormat::bf16:
      for_each_tile<FloatTiles<hwy::bfloat16_t>>(job, rows, tiles, begin, end);
      break;
    default:
      for_each_tile<FloatTiles<float>>(job, rows, tiles, begin, end);
      break;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck::cpu {
namespace {

HWY_EXPORT(linear_float_tiles);

}  // namespace

void linear_float(const LinearArgs& args, CpuContext& context) {
  const auto& weight = static_cast<const CpuPackedWeight&>(*args.weight);
  const FloatJob job{&args, &weight};
  context.pool().parallel_for(units_of(weight.layout.tiles), units_per_chunk(args), [&](int begin, int end, int) {
    HWY_DYNAMIC_DISPATCH(linear_float_tiles)(job, begin, end);
  });
}

}  // namespace flightdeck::cpu
#endif
