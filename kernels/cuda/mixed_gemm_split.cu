// Quantized weights times 9 to 64 tokens on Hopper: out' = weight · in', the weights converted in registers (operand a
// of wgmma), the tokens in shared memory (operand b). A block has 128 rows and a part of their columns; two blocks
// share a multiprocessor, so that one streams while the other begins or ends, be it of this kernel or the next. The
// parts of a tile are a cluster, which sums them through shared memory, always in the same order. Weights come as bulk
// copies, a ring for every warp; activations through registers of loading warps, in the order the fragments ask for.
#include <algorithm>

#include "kernels/cuda/barrier.h"
#include "kernels/cuda/cluster.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mixed_fragments.h"
#include "kernels/cuda/mixed_hopper.h"

#if !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#pragma nv_diag_suppress 177  // the kernel's body, and all it uses, is for Hopper alone
#endif

namespace flightdeck::cuda {
namespace {

constexpr int kRowWarps = kMixedRows / 16;
constexpr int kRowThreads = kRowWarps * 32;
constexpr int kStepCols = 128;
constexpr int kLoadWarps = 4;
constexpr int kThreads = kRowThreads + kLoadWarps * 32;
constexpr int kBlocksAtOnce = 2;            // on a multiprocessor
constexpr int kMostShared = 115712;         // so that two fit
constexpr int kMostParts = 6;               // of a tile's columns: the largest portable cluster
constexpr int kSumStride = kMixedRows + 4;  // floats; padding against bank conflicts

/// Sizes of one step: 128 rows by 128 columns by kTokens tokens; kScales factors a row (0, 1 or up to 4).
template <Packing kPacking, int kScales, int kTokens>
struct Step {
  static constexpr bool kInt8 = kPacking == Packing::int8_rows;
  static constexpr int kVectorBytes = kInt8 ? 2048 : 1024;  // of a warp: 16 rows
  static constexpr int kWarpBytes = kVectorBytes + kScales * 32;
  static constexpr int kTokenCols = kTokens <= 32 ? 128 : 64;  // of one stage of activations
  static constexpr int kStages = kStepCols / kTokenCols;       // of activations in a step
  static constexpr int kPanelBytes = kTokens * 128;
  static constexpr int kTokenBytes = kTokenCols / 64 * kPanelBytes;
  static constexpr int kTokenSlots = kTokens == 64 ? 5 : 4;
  static constexpr int kTokenRing = kTokenBytes * kTokenSlots;
  static constexpr int kMostSlots = kInt8 ? 6 : 10;
  static constexpr int kBarriers = 2 * kTokenSlots + 2 * kRowWarps * kMostSlots;
  static constexpr int kFit = (kMostShared - kTokenRing - kBarriers * 8) / (kRowWarps * kWarpBytes);
  static constexpr int kWeightSlots = kFit < kMostSlots ? kFit : kMostSlots;
  static constexpr int kWeightRing = kRowWarps * kWarpBytes * kWeightSlots;
  static constexpr int kSharedBytes = kTokenRing + kWeightRing + kBarriers * 8;
  static constexpr int kFragments = kTokenCols / 32;  // multiplied while as many are made: two groups a stage
  static constexpr int kGroups = 8 / kFragments;
  static_assert(kWeightSlots >= 3 && kTokens * kSumStride * 4 <= kTokenRing + kWeightRing, "shared memory");
  static_assert(kTokenSlots >= kLoadWarps, "a warp would be two turns of a slot ahead, which its parity cannot tell");
};

/// Where things lie in shared memory.
struct Rings {
  uint32_t tokens, weights;
  uint32_t full, empty;                  // barriers of the activations' slots
  uint32_t weights_full, weights_empty;  // [row warp, slot]
};
template <class S>
__device__ __forceinline__ Rings rings_at(uint32_t base) {
  Rings rings;
  rings.tokens = base;
  rings.weights = base + S::kTokenRing;
  rings.full = rings.weights + S::kWeightRing;
  rings.empty = rings.full + S::kTokenSlots * 8;
  rings.weights_full = rings.empty + S::kTokenSlots * 8;
  rings.weights_empty = rings.weights_full + kRowWarps * S::kWeightSlots * 8;
  return rings;
}

/// A block's part of the work: steps [first, first + count) of a tile.
struct Part {
  int row_tile, token_tile, rank, first, count;
  __device__ __forceinline__ Part(const LinearTask& task, int parts, int token_tiles) {
    const int tile = blockIdx.x / parts;
    const int steps = task.weight.padded_cols / kStepCols;
    rank = blockIdx.x % parts;
    row_tile = tile / token_tiles;
    token_tile = tile % token_tiles;
    first = steps * rank / parts;
    count = steps * (rank + 1) / parts - first;
  }
};

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
__device__ __forceinline__ void sync_row_warps() { asm volatile("bar.sync 1, %0;" ::"n"(kRowThreads) : "memory"); }

/// Brings the weights of one row warp: one lane's work.
template <class S>
struct WeightLoader {
  const uint8_t* data;
  const uint8_t* factors;
  int factor_bytes;  // of a step's 16 rows
  uint32_t ring, full, empty;
  int slot = 0;
  uint32_t parity = 1;  // a fresh barrier's phase before the first counts as over
  int left;

  /// Rows behind the last 16-row tile repeat it; nobody stores their sums.
  __device__ __forceinline__ WeightLoader(const LinearTask& task, const Part& part, const Rings& rings, int row_warp)
      : factor_bytes(task.weight.step_scales * 32), left(part.count) {
    const int tile = min(part.row_tile * kRowWarps + row_warp, task.weight.tiles - 1);
    const size_t unit = static_cast<size_t>(tile) * (task.weight.padded_cols / kStepCols) + part.first;
    data = task.weight.data + unit * S::kVectorBytes;
    factors = reinterpret_cast<const uint8_t*>(task.weight.factors) + unit * factor_bytes;
    ring = rings.weights + row_warp * (S::kWarpBytes * S::kWeightSlots);
    full = rings.weights_full + row_warp * (S::kWeightSlots * 8);
    empty = rings.weights_empty + row_warp * (S::kWeightSlots * 8);
  }
  __device__ __forceinline__ void bring() {
    if (left == 0) return;
    wait_barrier(empty + slot * 8, parity);
    const uint32_t to = ring + slot * S::kWarpBytes;
    expect_bytes(full + slot * 8, S::kVectorBytes + factor_bytes);
    copy_bulk(to, data, S::kVectorBytes, full + slot * 8);
    if (factor_bytes > 0) copy_bulk(to + S::kVectorBytes, factors, factor_bytes, full + slot * 8);
    data += S::kVectorBytes;
    factors += factor_bytes;
    if (++slot == S::kWeightSlots) slot = 0, parity ^= 1;
    --left;
  }
  __device__ __forceinline__ void bring_if_free() {
    if (left > 0 && barrier_passed(empty + slot * 8, parity)) {
      bring();
    } else {
      __nanosleep(40);
    }
  }
  /// Until so many steps are left; a step's slot is free once the step kWeightSlots before it has been multiplied.
  __device__ __forceinline__ void bring_until(int steps_left) {
#pragma unroll 1
    while (left > max(steps_left, 0)) bring();
  }
};

/// What the four loading warps do. Lanes 0 and 1 of each bring the weights of two row warps. Activations go through
/// registers into the ring, their words put where the fragments' order of columns wants them: asynchronous copies of
/// single words took 11 to 20 cycles each. The warps bring whole stages in turn: publishing waits for all of a warp's
/// loads, but those of the others are on their way.
template <class S, int kTokens>
__device__ __forceinline__ void load(const LinearTask& task, const Part& part, const Rings& rings) {
  constexpr int kPanels = S::kTokenCols / 64;
  constexpr int kBatch = 8;  // loads at once: four tokens each
  const int lane = threadIdx.x % 32;
  const int warp = (threadIdx.x - kRowThreads) / 32;
  WeightLoader<S> weights(task, part, rings, warp * 2 + lane % 2);
  if (lane < 2) {
#pragma unroll 1
    for (int i = 0; i < S::kWeightSlots; ++i) weights.bring();
  }
  __syncwarp();
  wait_for_inputs();
  const int token = lane / 8;  // 0..3
  const int vector = lane % 8;
  uint32_t places[4];
#pragma unroll
  for (int word = 0; word < 4; ++word) places[word] = rings.tokens + panel_position(token, vector, word);
  const size_t round_bytes = static_cast<size_t>(task.in_stride) * 8;
  const char* tile_from =
      static_cast<const char*>(task.in) +
      (static_cast<size_t>(part.token_tile * kTokens + token) * task.in_stride + part.first * kStepCols + vector * 8) *
          2;
  for (int stage = warp; stage < part.count * S::kStages; stage += kLoadWarps) {
    const int slot = stage % S::kTokenSlots;
    const int cols_left = task.weight.cols - part.first * kStepCols - vector * 8 - stage * S::kTokenCols;
    int tokens_left = task.tokens - part.token_tile * kTokens - token;
    const char* from = tile_from + stage * (S::kTokenCols * 2);
    uint32_t at = slot * S::kTokenBytes;
#pragma unroll 1
    for (int first = 0; first < kTokens / 4 * kPanels; first += kBatch) {
      uint4 values[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        values[i] = {0, 0, 0, 0};
        if (i / kPanels * 4 < tokens_left && i % kPanels * 64 < cols_left) {
          values[i] = __ldcg(reinterpret_cast<const uint4*>(from + i / kPanels * round_bytes + i % kPanels * 128));
        }
      }
      if (first == 0) {
        const uint32_t parity = stage / S::kTokenSlots % 2 ^ 1;
        if (lane < 2) {
          while (!barrier_passed(rings.empty + slot * 8, parity)) weights.bring_if_free();
          weights.bring_until(part.count - (stage + 1 - S::kTokenSlots) / S::kStages - S::kWeightSlots);
        }
        __syncwarp();
        wait_barrier(rings.empty + slot * 8, parity);
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        const uint32_t to = at + i % kPanels * S::kPanelBytes + i / kPanels * 512;
        const uint32_t swap = i / kPanels % 2 * 64;  // tokens 4 to 7 of 8: the swizzle's upper bit
        store_shared4((places[0] ^ swap) + to, values[i].x);
        store_shared4((places[1] ^ swap) + to, values[i].y);
        store_shared4((places[2] ^ swap) + to, values[i].z);
        store_shared4((places[3] ^ swap) + to, values[i].w);
      }
      at += kBatch / kPanels * 512;
      from += kBatch / kPanels * round_bytes;
      tokens_left -= kBatch / kPanels * 4;
    }
    publish_shared();
    __syncwarp();
    if (lane == 0) arrive(rings.full + slot * 8);
  }
  if (lane < 2) weights.bring_until(0);
  __syncwarp();
}

/// What the eight row warps do with a part: its products.
template <class T, Packing kPacking, int kScales, int kTokens>
__device__ __forceinline__ void multiply(const LinearTask& task, const Part& part, const Rings& rings,
                                         float (&sums)[1][kTokens / 8][4]) {
  using S = Step<kPacking, kScales, kTokens>;
  const int lane = threadIdx.x % 32;
  const int warp = __shfl_sync(~0u, static_cast<int>(threadIdx.x) / 32, 0);
  const uint32_t ring = rings.weights + warp * (S::kWarpBytes * S::kWeightSlots);
  const uint32_t vectors = kept(ring + lane * 16);
  const uint32_t factors = kept(ring + S::kVectorBytes + lane / 4 * 4);
  const uint32_t weights_full = rings.weights_full + warp * (S::kWeightSlots * 8);
  const uint32_t weights_empty = rings.weights_empty + warp * (S::kWeightSlots * 8);
  if (kScales == 1 && task.weight.step_scales == 0) {  // one scale a row: the factors are ones, once and for all
    for (int i = 0; i < S::kWeightSlots; ++i) store_shared4(factors + i * S::kWarpBytes, 0x3c003c00u);
    __syncwarp();
  }
  const uint32_t ring_tokens = token_words(rings.tokens);
  uint32_t even[S::kFragments][4], odd[S::kFragments][4];
  int slot = 0, token_slot = 0;
  uint32_t parity = 0, token_parity = 0;
  uint32_t read = 0;  // barrier of the stage before, whose products may still run
  for (int step = 0; step < part.count; ++step) {
    wait_barrier(weights_full + slot * 8, parity);
    RowWeights<T, kPacking, kScales, kTokens <= 64, 32> weights(
        vectors + slot * S::kWarpBytes, factors + slot * S::kWarpBytes, task.weight.step_scales);
#pragma unroll
    for (int group = 0; group < S::kGroups; ++group) {
      uint32_t(&a)[S::kFragments][4] = group % 2 ? odd : even;
      wait_for_products<1>();                                       // the last that used `a`
      if (group % 2 == 1) arrive_if(read != 0 && lane == 0, read);  // no product reads the stage's before any more
      weights.find(group * S::kFragments, a);
      if (group % 2 == 0) {
        wait_barrier(rings.full + token_slot * 8, token_parity);
      }
      start_products<T, kTokens>(sums[0], a,
                                 ring_tokens + token_slot * (S::kTokenBytes / 16) +
                                     group % 2 * (S::kFragments / 4 * (kTokens * 8) + S::kFragments % 4 * 2));
      if (group % 2 == 1) {
        read = rings.empty + token_slot * 8;
        if (++token_slot == S::kTokenSlots) token_slot = 0, token_parity ^= 1;
      }
    }
    arrive_if(lane == 0, weights_empty + slot * 8);
    if (++slot == S::kWeightSlots) slot = 0, parity ^= 1;
  }
  wait_for_products<0>();
  pin_sums(sums);
}

/// The block's sums into shared memory, [token][row], over the rings.
template <int kTokens>
__device__ __forceinline__ void lay_out_sums(const float (&sums)[kTokens / 8][4], float* tile) {
  const int lane = threadIdx.x % 32;
  float* mine = tile + lane % 4 * 2 * kSumStride + threadIdx.x / 32 * 16 + lane / 4;
#pragma unroll
  for (int n = 0; n < kTokens / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) mine[(n * 8 + i % 2) * kSumStride + i / 2 * 8] = sums[n][i];
  }
}

/// Four sums of one token that follow each other; `together` says that they exist and the output is aligned for it.
template <class T>
__device__ __forceinline__ void store_four(const LinearTask& task, int row, int token, const float (&sums)[4],
                                           const SumEnd (&ends)[4], bool together) {
  if (together) {
    const size_t at = static_cast<size_t>(token) * task.out_stride + row;
    float ended[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) ended[i] = fmaf(sums[i], ends[i].scale, ends[i].bias);
    if (task.out_float) {
      *reinterpret_cast<float4*>(static_cast<float*>(task.out) + at) =
          make_float4(ended[0], ended[1], ended[2], ended[3]);
    } else {
      alignas(8) T values[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) values[i] = from_float<T>(ended[i]);
      *reinterpret_cast<uint2*>(static_cast<T*>(task.out) + at) = *reinterpret_cast<const uint2*>(values);
    }
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) store_sum<T>(task, row + i, token, sums[i], ends[i]);
  }
}

/// Sums the parts of the tile, every block some tokens, and stores them; the row warps alone.
template <class T, int kTokens>
__device__ __forceinline__ void join_and_store(const LinearTask& task, const Part& part, int parts, uint32_t tile,
                                               float sum_scale) {
  const int lane = threadIdx.x % 32;
  const int row = part.row_tile * kMixedRows + lane * 4;
  const int first_token = part.token_tile * kTokens;
  const int tokens = min(kTokens, task.tokens - first_token);
  SumEnd ends[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    ends[i] = end_of(task, row + i);
    ends[i].scale *= sum_scale;
  }
  const bool together = row + 3 < task.weight.rows && task.out_stride % 4 == 0 &&
                        reinterpret_cast<uintptr_t>(task.out) % (task.out_float ? 16 : 8) == 0;
  if (parts > 1) {
    arrive_at_cluster();
    wait_for_cluster();
  } else {
    sync_row_warps();
  }
  const int warp = threadIdx.x / 32;
  for (int token = warp * parts + part.rank; token < tokens; token += kRowWarps * parts) {
    const uint32_t from = tile + (token * kSumStride + lane * 4) * 4;
    float sums[4] = {};
#pragma unroll 4
    for (int block = 0; block < parts; ++block) {
      const float4 four = load_cluster16(address_in_block(from, block));
      sums[0] += four.x, sums[1] += four.y, sums[2] += four.z, sums[3] += four.w;
    }
    store_four<T>(task, row, first_token + token, sums, ends, together);
  }
  if (parts > 1) {  // a block's shared memory ends with it
    arrive_having_read();
    wait_for_cluster();
  }
}
#endif

template <class T, Packing kPacking, int kScales, int kTokens>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce)
    mixed_split_kernel(const __grid_constant__ LinearTask task, int parts, int token_tiles) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using S = Step<kPacking, kScales, kTokens>;
  extern __shared__ __align__(1024) uint8_t shared[];
  let_next_start();
  const Rings rings = rings_at<S>(__shfl_sync(~0u, shared_address(shared), 0));
  const Part part(task, parts, token_tiles);
  for (int i = threadIdx.x; i < 2 * (S::kTokenSlots + kRowWarps * S::kWeightSlots); i += kThreads) {
    const int slots = S::kTokenSlots;  // in the order of Rings
    make_barrier(rings.full + i * 8, i >= slots && i < 2 * slots ? kRowWarps : 1);
    publish_barriers();
  }
  __syncthreads();
  if (threadIdx.x >= kRowThreads) {
    load<S, kTokens>(task, part, rings);
    for (int i = 0; parts > 1 && i < 2; ++i) {  // all of a cluster arrive
      arrive_having_read();
      wait_for_cluster();
    }
  } else {
    float sums[1][kTokens / 8][4] = {};
    multiply<T, kPacking, kScales, kTokens>(task, part, rings, sums);
    sync_row_warps();  // nobody reads the rings any more
    lay_out_sums<kTokens>(sums[0], reinterpret_cast<float*>(shared));
    join_and_store<T, kTokens>(task, part, parts, rings.tokens, S::kInt8 ? 1.0f : Factors<T>::kSumScale);
  }
#endif
}
struct Kernel {
  void (*run)(LinearTask, int, int) = nullptr;
  int shared_bytes = 0;
};
template <class T, Packing kPacking, int kScales, int kTokens>
Kernel kernel_of() {
  return {mixed_split_kernel<T, kPacking, kScales, kTokens>, Step<kPacking, kScales, kTokens>::kSharedBytes};
}
template <class T, Packing kPacking, int kScales>
Kernel choose_tile(int tokens) {
  if (tokens == 16) return kernel_of<T, kPacking, kScales, 16>();
  return tokens == 32 ? kernel_of<T, kPacking, kScales, 32>() : kernel_of<T, kPacking, kScales, 64>();
}
template <class T>
Kernel choose_kernel(const PackedView& weight, int tokens) {
  if (weight.packing == Packing::int8_rows) return choose_tile<T, Packing::int8_rows, 0>(tokens);
  return weight.step_scales <= 1 ? choose_tile<T, Packing::int4_groups, 1>(tokens)
                                 : choose_tile<T, Packing::int4_groups, 4>(tokens);
}

/// Parts of a tile's columns that take least time, as measured: a block's steps follow each other, whoever shares its
/// multiprocessor; a round of blocks costs ten steps beside its own, a part one.
int parts_for(int tiles, int steps, int multiprocessors) {
  int best = 1, least = 0;
  for (int parts = 1; parts <= std::min(kMostParts, steps); ++parts) {
    const int at_once = kBlocksAtOnce * multiprocessors;
    const int rounds = (tiles * parts + at_once - 1) / at_once;
    const int cost = rounds * ((steps + parts - 1) / parts + 10) + parts;
    if (parts == 1 || cost < least) best = parts, least = cost;
  }
  return best;
}

int token_tiles_of(const LinearTask& task, int tokens) { return (task.tokens + tokens - 1) / tokens; }
int tiles_of(const LinearTask& task, int tokens) {
  return (task.weight.rows + kMixedRows - 1) / kMixedRows * token_tiles_of(task, tokens);
}

}  // namespace

SplitPlan plan_split(const LinearTask& task, const Context& context) {
  SplitPlan plan;
  plan.tokens = task.tokens <= 16 ? 16 : task.tokens <= 32 ? 32 : 64;
  plan.parts = parts_for(tiles_of(task, plan.tokens), task.weight.padded_cols / kStepCols, context.multiprocessors);
  return plan;
}

void mixed_gemm_split(const LinearTask& task, const SplitPlan& plan, Context& context) {
  const Kernel kernel = context.activation == DType::f16 ? choose_kernel<__half>(task.weight, plan.tokens)
                                                         : choose_kernel<__nv_bfloat16>(task.weight, plan.tokens);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize, kernel.shared_bytes),
        "giving a kernel its shared memory");
  launch_clusters(context, kernel.run, plan.parts, tiles_of(task, plan.tokens) * plan.parts, kThreads,
                  static_cast<size_t>(kernel.shared_bytes), task, plan.parts, token_tiles_of(task, plan.tokens));
}

}  // namespace flightdeck::cuda
