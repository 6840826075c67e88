// Quantized weights times 9 to 128 tokens on Hopper: out' = weight · in', the weights converted in registers (operand a
// of wgmma), the tokens in shared memory (operand b). A block has 128 rows and a part of their columns; two blocks
// share a multiprocessor, so that one streams while the other begins or ends, be it of this kernel or the next. The
// parts of a tile are a cluster, which sums them through shared memory, always in the same order. Weights come as bulk
// copies, a ring for every warp; activations word by word as asynchronous copies, in the order the fragments ask for.
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

constexpr int kStepCols = 128;
constexpr int kMostParts = 8;  // of a tile's columns: the largest portable cluster

/// Sizes of one step: 16 kRowWarps rows by 128 columns by kTokens tokens; kScales factors a row (0, 1 or up to 4).
template <Packing kPacking, int kScales, int kTokens, int kRowWarps>
struct Step {
  static constexpr int kRowWarpCount = kRowWarps;
  static constexpr int kRows = kRowWarps * 16;
  static constexpr int kRowThreads = kRowWarps * 32;
  static constexpr int kBlocks = kRowWarps == 8 ? 2 : 1;  // on a multiprocessor
  static constexpr int kMostShared = kRowWarps == 8 ? 115712 : 232448;
  static constexpr int kSumStride = kRows + 4;  // floats; padding against bank conflicts
  static constexpr bool kInt8 = kPacking == Packing::int8_rows;
  // 128 tokens' sums leave room for one loading warp; with fewer, four give registers to the row warps.
  static constexpr bool kMoveRegisters = kTokens < 128;
  static constexpr int kLoadWarps = kMoveRegisters ? 4 : kRowWarps / 8;
  static constexpr int kThreads = kRowThreads + kLoadWarps * 32;
  static constexpr int kVectorBytes = kInt8 ? 2048 : 1024;  // of a warp: 16 rows
  static constexpr int kWarpBytes = kVectorBytes + kScales * 32;
  static constexpr int kTokenCols = kTokens <= 32 ? 128 : 64;  // of one stage of activations
  static constexpr int kStages = kStepCols / kTokenCols;       // of activations in a step
  static constexpr int kPanelBytes = kTokens * 128;
  static constexpr int kTokenBytes = kTokenCols / 64 * kPanelBytes;
  static constexpr int kTokenSlots = kTokens == 16 || kRowWarps == 16 ? 6 : kTokens == 64 ? 5 : 4;
  static constexpr int kTokenRing = kTokenBytes * kTokenSlots;
  static constexpr int kMostSlots = kInt8 ? 6 : 10;
  static constexpr int kBarriers = 2 * kTokenSlots + 2 * kRowWarps * kMostSlots;
  static constexpr int kFit = (kMostShared - kTokenRing - kBarriers * 8) / (kRowWarps * kWarpBytes);
  static constexpr int kWeightSlots = kFit < kMostSlots ? kFit : kMostSlots;
  static constexpr int kWeightRing = kRowWarps * kWarpBytes * kWeightSlots;
  static constexpr int kSharedBytes = kTokenRing + kWeightRing + kBarriers * 8;
  // Steps behind the activations that a loader is about to bring: the multiplied ones, whose weights' slots are free.
  static constexpr int kBehind = kStages == 1 ? kTokenSlots : kTokenSlots / 2 + 1;
  static constexpr int kLag = kBehind < kWeightSlots ? kBehind : kWeightSlots;
  static constexpr int kFragments = kTokenCols / 32;  // multiplied while as many are made: two groups a stage
  static constexpr int kGroups = 8 / kFragments;
  static_assert(kWeightSlots >= 3 && kTokens * kSumStride * 4 <= kTokenRing + kWeightRing, "shared memory");
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
  rings.weights_empty = rings.weights_full + S::kRowWarpCount * S::kWeightSlots * 8;
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
template <int kRowThreads>
__device__ __forceinline__ void sync_row_warps() {
  asm volatile("bar.sync 1, %0;" ::"n"(kRowThreads) : "memory");
}

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
    const int tile = min(part.row_tile * S::kRowWarpCount + row_warp, task.weight.tiles - 1);
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
};

/// One stage's words of one token in eight, a lane's: of every 64 columns the same. Tokens behind the last are zero
/// already.
template <class S, int kTokens, bool kAll>
__device__ __forceinline__ void copy_tokens(uint32_t to, const char* from, int eight_tokens, int tokens_left,
                                            uint32_t bytes, uint32_t more_bytes) {
#pragma unroll
  for (int i = 0; i < kTokens / 8; ++i) {
    if (kAll || i * 8 < tokens_left) {
      const char* token_from = from + static_cast<int64_t>(eight_tokens) * i;
      copy_async4(to + i * 1024, token_from, bytes);
      if (S::kTokenCols == 128) copy_async4(to + i * 1024 + S::kPanelBytes, token_from + 128, more_bytes);
    }
  }
}

/// What the loading warps do. Some lanes bring the weights of a row warp each; then all lanes bring activations: a lane
/// the same word of every 64 columns, put where the fragments' order wants it, of every so many tokens.
template <class S, int kTokens>
__device__ __forceinline__ void load(const LinearTask& task, const Part& part, const Rings& rings) {
  constexpr int kTurns = 8 / S::kLoadWarps;                  // tokens of a warp in eight
  constexpr int kServed = S::kRowWarpCount / S::kLoadWarps;  // row warps
  const int lane = threadIdx.x % 32;
  const int warp = (threadIdx.x - S::kRowThreads) / 32;
  WeightLoader<S> weights(task, part, rings, warp * kServed + lane % kServed);
  if (lane < kServed) {
#pragma unroll 1
    for (int i = 0; i < S::kWeightSlots; ++i) weights.bring();
  }
  __syncwarp();
  wait_for_inputs();
  const int tokens = min(kTokens, task.tokens - part.token_tile * kTokens);
  const int eight_tokens = static_cast<int>(kept(static_cast<uint32_t>(task.in_stride * 16)));
  int cols_left = task.weight.cols - part.first * kStepCols - lane / 4 * 8;
  const char* from =
      static_cast<const char*>(task.in) +
      (static_cast<size_t>(part.token_tile * kTokens + warp) * task.in_stride + part.first * kStepCols + lane * 2) * 2;
  int slot = 0;
  uint32_t parity = 1;
  for (int stage = 0; stage < part.count * S::kStages; ++stage) {
    if (stage % S::kStages == 0 && stage / S::kStages >= S::kLag) {
      if (lane < kServed) weights.bring();
      __syncwarp();
    }
    wait_barrier(rings.empty + slot * 8, parity);
    const uint32_t ring = rings.tokens + slot * S::kTokenBytes;
    const uint32_t bytes = cols_left > 0 ? 4 : 0;
    const uint32_t more_bytes = cols_left > 64 ? 4 : 0;
#pragma unroll 1
    for (int turn = 0; turn < kTurns; ++turn) {
      const int token = warp + turn * S::kLoadWarps;
      const uint32_t to = ring + panel_position(token, lane / 4, lane % 4);
      const char* token_from = from + static_cast<int64_t>(eight_tokens / 8 * S::kLoadWarps) * turn;
      if (tokens == kTokens) {
        copy_tokens<S, kTokens, true>(to, token_from, eight_tokens, 0, bytes, more_bytes);
      } else {
        copy_tokens<S, kTokens, false>(to, token_from, eight_tokens, tokens - token, bytes, more_bytes);
      }
    }
    arrive_after_copies(rings.full + slot * 8);
    from += S::kTokenCols * 2;
    cols_left -= S::kTokenCols;
    if (++slot == S::kTokenSlots) slot = 0, parity ^= 1;
  }
  asm volatile("cp.async.wait_all;" ::: "memory");
}

/// What the row warps do with a part: its products.
template <class T, class S, Packing kPacking, int kScales, int kTokens>
__device__ __forceinline__ void multiply(const LinearTask& task, const Part& part, const Rings& rings,
                                         float (&sums)[1][kTokens / 8][4]) {
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
        publish_shared();
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
template <int kTokens, int kSumStride>
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

/// Scales and biases of four rows.
template <class S>
__device__ __forceinline__ void find_ends(const LinearTask& task, int row, float sum_scale, SumEnd (&ends)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    ends[i] = end_of(task, row + i);
    ends[i].scale *= sum_scale;
  }
}

/// Sums the parts of the tile, every block some tokens, and stores them; the row warps alone.
template <class T, class S, int kTokens>
__device__ __forceinline__ void join_and_store(const LinearTask& task, const Part& part, int parts, uint32_t tile,
                                               float sum_scale) {
  constexpr int kBands = S::kRows / 128;  // a warp stores 128 rows of a token
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  const int row_of_tile = warp % kBands * 128 + lane * 4;
  const int row = part.row_tile * S::kRows + row_of_tile;
  const int first_token = part.token_tile * kTokens;
  const int tokens = min(kTokens, task.tokens - first_token);
  SumEnd ends[4];
  find_ends<S>(task, row, sum_scale, ends);
  const bool together = row + 3 < task.weight.rows && task.out_stride % 4 == 0 &&
                        reinterpret_cast<uintptr_t>(task.out) % (task.out_float ? 16 : 8) == 0;
  if (parts > 1) {
    arrive_at_cluster();
    wait_for_cluster();
  } else {
    sync_row_warps<S::kRowThreads>();
  }
  constexpr int kTokenWarps = S::kRowWarpCount / kBands;
  for (int token = warp / kBands * parts + part.rank; token < tokens; token += kTokenWarps * parts) {
    const uint32_t from = tile + (token * S::kSumStride + row_of_tile) * 4;
    float sums[4] = {};
#pragma unroll 4
    for (int block = 0; block < parts; ++block) {
      const float4 four = load_cluster16(address_in_block(from, block));
      sums[0] += four.x, sums[1] += four.y, sums[2] += four.z, sums[3] += four.w;
    }
    store_four<T>(task, row, first_token + token, sums, ends, together);
  }
  if (parts > 1) {  // a block's shared memory ends with it
    arrive_at_cluster();
    wait_for_cluster();
  }
}
#endif

template <class T, Packing kPacking, int kScales, int kTokens, int kRowWarps>
__device__ __forceinline__ void run_part(const LinearTask& task, int parts, int token_tiles) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using S = Step<kPacking, kScales, kTokens, kRowWarps>;
  extern __shared__ __align__(1024) uint8_t shared[];
  let_next_start();
  const Rings rings = rings_at<S>(__shfl_sync(~0u, shared_address(shared), 0));
  const Part part(task, parts, token_tiles);
  for (int i = threadIdx.x; i < 2 * (S::kTokenSlots + kRowWarps * S::kWeightSlots); i += S::kThreads) {
    const int slots = S::kTokenSlots;  // in the order of Rings
    make_barrier(rings.full + i * 8, i < slots ? S::kLoadWarps * 32 : i < 2 * slots ? kRowWarps : 1);
    publish_barriers();
  }
  if (task.tokens - part.token_tile * kTokens < kTokens) {  // tokens that do not exist are zero, once and for all
    for (int at = threadIdx.x * 16; at < S::kTokenRing; at += S::kThreads * 16) {
      *reinterpret_cast<uint4*>(shared + at) = make_uint4(0, 0, 0, 0);
    }
    publish_shared();
  }
  __syncthreads();
  if (threadIdx.x >= S::kRowThreads) {
    if constexpr (S::kMoveRegisters) set_registers<48, false>();
    load<S, kTokens>(task, part, rings);
    for (int i = 0; parts > 1 && i < 2; ++i) {  // all of a cluster arrive
      arrive_at_cluster();
      wait_for_cluster();
    }
  } else {
    if constexpr (S::kMoveRegisters) set_registers<96, true>();  // (8 * 96 + 4 * 48) / 12 warps = 80
    float sums[1][kTokens / 8][4] = {};
    multiply<T, S, kPacking, kScales, kTokens>(task, part, rings, sums);
    sync_row_warps<S::kRowThreads>();  // nobody reads the rings any more
    lay_out_sums<kTokens, S::kSumStride>(sums[0], reinterpret_cast<float*>(shared));
    join_and_store<T, S, kTokens>(task, part, parts, rings.tokens, S::kInt8 ? 1.0f : Factors<T>::kSumScale);
  }
#endif
}
template <class T, Packing kPacking, int kScales, int kTokens>
__global__ void __launch_bounds__((Step<kPacking, kScales, kTokens, 8>::kThreads), 2)
    mixed_split_kernel(const __grid_constant__ LinearTask task, int parts, int token_tiles) {
  run_part<T, kPacking, kScales, kTokens, 8>(task, parts, token_tiles);
}
/// 128 tokens: 9 or 18 warps with all the registers there are; launch bounds would have the compiler count more warps.
template <class T, Packing kPacking, int kScales, int kRowWarps>
__global__ void __maxnreg__(112)
    mixed_split_wide_kernel(const __grid_constant__ LinearTask task, int parts, int token_tiles) {
  run_part<T, kPacking, kScales, 128, kRowWarps>(task, parts, token_tiles);
}

struct Kernel {
  void (*run)(LinearTask, int, int) = nullptr;
  int shared_bytes = 0;
  int threads = 0;
};
template <class T, Packing kPacking, int kScales, int kTokens, int kRowWarps = 8>
Kernel kernel_of() {
  using S = Step<kPacking, kScales, kTokens, kRowWarps>;
  if constexpr (S::kMoveRegisters) {
    return {mixed_split_kernel<T, kPacking, kScales, kTokens>, S::kSharedBytes, S::kThreads};
  } else {
    return {mixed_split_wide_kernel<T, kPacking, kScales, kRowWarps>, S::kSharedBytes, S::kThreads};
  }
}
template <class T, Packing kPacking, int kScales>
Kernel choose_tile(int rows, int tokens) {
  if (tokens == 16) return kernel_of<T, kPacking, kScales, 16>();
  if (tokens == 32) return kernel_of<T, kPacking, kScales, 32>();
  if (tokens == 64) return kernel_of<T, kPacking, kScales, 64>();
  return rows == 128 ? kernel_of<T, kPacking, kScales, 128>() : kernel_of<T, kPacking, kScales, 128, 16>();
}
template <class T>
Kernel choose_kernel(const PackedView& weight, int rows, int tokens) {
  if (weight.packing == Packing::int8_rows) return choose_tile<T, Packing::int8_rows, 0>(rows, tokens);
  return weight.step_scales <= 1 ? choose_tile<T, Packing::int4_groups, 1>(rows, tokens)
                                 : choose_tile<T, Packing::int4_groups, 4>(rows, tokens);
}

/// Parts of a tile's columns for which the busiest multiprocessor has least to do; a block costs about one step more
/// than its steps.
int parts_for(int tiles, int steps, int multiprocessors) {
  int best = 1, least = 0;
  for (int parts = 1; parts <= std::min(kMostParts, steps); ++parts) {
    const int blocks = (tiles * parts + multiprocessors - 1) / multiprocessors;
    const int cost = blocks * ((steps + parts - 1) / parts + 1);
    if (parts == 1 || cost < least) best = parts, least = cost;
  }
  return best;
}

int tiles_of(const LinearTask& task, int rows, int tokens) {
  return (task.weight.rows + rows - 1) / rows * ((task.tokens + tokens - 1) / tokens);
}

}  // namespace

SplitPlan plan_split(const LinearTask& task, const Context& context) {
  SplitPlan plan;
  plan.rows = task.tokens <= 128 ? 128 : 256;
  plan.tokens = task.tokens <= 16 ? 16 : task.tokens <= 32 ? 32 : task.tokens <= 64 ? 64 : 128;
  plan.parts =
      parts_for(tiles_of(task, plan.rows, plan.tokens), task.weight.padded_cols / kStepCols, context.multiprocessors);
  return plan;
}

void mixed_gemm_split(const LinearTask& task, const SplitPlan& plan, Context& context) {
  const Kernel kernel = context.activation == DType::f16
                            ? choose_kernel<__half>(task.weight, plan.rows, plan.tokens)
                            : choose_kernel<__nv_bfloat16>(task.weight, plan.rows, plan.tokens);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize, kernel.shared_bytes),
        "giving a kernel its shared memory");
  launch_clusters(context, kernel.run, plan.parts, tiles_of(task, plan.rows, plan.tokens) * plan.parts, kernel.threads,
                  static_cast<size_t>(kernel.shared_bytes), task, plan.parts,
                  (task.tokens + plan.tokens - 1) / plan.tokens);
}

}  // namespace flightdeck::cuda
