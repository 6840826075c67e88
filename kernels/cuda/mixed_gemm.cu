// Weights of any packing times tens of tokens on the tensor cores (mma.m16n8k16), weights converted in registers.
// The work, tiles of 128 rows by up to 64 tokens, each so many steps of columns, is laid out in one line and cut into
// equal pieces, one a multiprocessor (stream-k, Osama et al. 2023, 2301.03598): no wave is ever half empty. A tile that
// several blocks worked on is summed by the last of them to arrive, in the order of the columns, so that results repeat.
// Weights and activations come through one ring in shared memory; a lane reads back only weights it copied itself.
#include <algorithm>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mma.h"

namespace flightdeck::cuda {
namespace {

constexpr int kRowWarps = 4;   // of 32 rows
constexpr int kColWarps = 2;   // each half of a step's columns
constexpr int kWarps = kRowWarps * kColWarps;
constexpr int kThreads = kWarps * 32;
constexpr int kSumStride = kMixedRows + 4;  // floats; padding against bank conflicts

/// Sizes of one step; kTiles8 counts 8-token tiles, kScales the factors a row in 128 columns.
template <Packing kPacking, int kScales, int kTiles8>
struct Step {
  static constexpr int kCols = step_cols(kPacking);
  static constexpr int kBlocks = kCols / 32 / kColWarps;                // 32-column blocks of a warp
  static constexpr int kTileVectors = kPacking == Packing::dense ? 2 : 1;  // 16-byte vectors a lane for 16 rows
  static constexpr int kTileFactors = kScales == 4 ? 2 : kScales > 0 ? 1 : 0;
  static constexpr int kTokens = kTiles8 * 8;
  static constexpr int kWarpWeightBytes = 2 * kTileVectors * 512;
  static constexpr int kWeightBytes = kWarps * kWarpWeightBytes;
  static constexpr int kWarpFactorBytes = 2 * kTileFactors * 128;
  static constexpr int kFactorBytes = kWarps * kWarpFactorBytes;
  static constexpr int kActivationBytes = kTokens * kCols * 2;
  static constexpr int kStageBytes = kWeightBytes + kFactorBytes + kActivationBytes;
  static constexpr int kSumBytes = kTokens * kSumStride * 4;
  static constexpr int kBudget = kTiles8 <= 4 ? 150 << 10 : 200 << 10;  // 64 tokens: Hopper only
  static constexpr int kFit = (kBudget - kSumBytes) / kStageBytes;
  static constexpr int kStages = kFit < 9 ? kFit : 9;
  static constexpr int kSharedBytes = kSumBytes + kStages * kStageBytes;
  static_assert(kStages >= 3, "the ring is too short");
};

/// A piece of the line of work: steps [begin, end) of it belong to block b of `blocks`.
__host__ __device__ __forceinline__ int begin_of(int block, int blocks, int total) {
  return static_cast<int>(static_cast<long long>(total) * block / blocks);
}
__host__ __device__ __forceinline__ int block_of(int step, int blocks, int total) {
  return static_cast<int>((static_cast<long long>(step + 1) * blocks - 1) / total);
}

/// Place in the line: step of a tile; tiles run over tokens first, then rows.
struct Place {
  int tile, step;
  __device__ __forceinline__ void advance(int steps) {
    if (++step == steps) {
      step = 0;
      ++tile;
    }
  }
};

template <Packing kPacking, int kScales, int kTiles8>
struct Loader {
  using S = Step<kPacking, kScales, kTiles8>;
  const LinearTask& task;
  int token_tiles;
  int lane, row_warp, col_warp;

  __device__ __forceinline__ Loader(const LinearTask& of, int tiles_of_tokens)
      : task(of),
        token_tiles(tiles_of_tokens),
        lane(threadIdx.x % 32),
        row_warp(threadIdx.x / 32 % kRowWarps),
        col_warp(threadIdx.x / 32 / kRowWarps) {}

  /// Rows behind the last tile repeat it; nobody stores their sums.
  __device__ __forceinline__ int row_tile(const Place& place, int half) const {
    return min(place.tile / token_tiles * (kMixedRows / 16) + row_warp * 2 + half, task.weight.tiles - 1);
  }
  __device__ __forceinline__ void copy_weights(const Place& place, uint32_t stage) const {
    const PackedView& weight = task.weight;
    const uint32_t to = stage + (threadIdx.x / 32) * S::kWarpWeightBytes + lane * 16;
    const uint32_t factors_to =
        stage + S::kWeightBytes + (threadIdx.x / 32) * S::kWarpFactorBytes + lane * 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int tile = row_tile(place, half);
      if constexpr (kPacking == Packing::dense) {
        const uint8_t* from = weight.data + (static_cast<size_t>(tile * 16 + lane / 4) * weight.padded_cols +
                                             place.step * S::kCols + col_warp * 32 + lane % 4 * 8) * 2;
        copy_async16(to + half * 1024, from);
        copy_async16(to + half * 1024 + 512, from + static_cast<size_t>(weight.padded_cols) * 16);
      } else {
        const size_t chunk = (static_cast<size_t>(tile) * weight.steps + place.step) * kColWarps + col_warp;
        copy_async16(to + half * 512, weight.data + chunk * kChunkBytes + lane * 16);
      }
      if constexpr (kScales > 0) {
        const int group = kScales == 1 ? 0 : col_warp * S::kTileFactors;
        const __half* from = weight.factors +
            ((static_cast<size_t>(tile) * weight.steps + place.step) * kScales + group) * 16 + lane / 4 * 2;
#pragma unroll
        for (int f = 0; f < S::kTileFactors; ++f) {
          copy_async4(factors_to + (half * S::kTileFactors + f) * 128, from + f * 16);
        }
      }
    }
  }
  /// [token, column]; the 64-byte halves of 128 bytes change places for odd tokens, so that the eight lanes that read
  /// together touch all banks. Tokens and columns that do not exist are zero.
  __device__ __forceinline__ void copy_activations(const Place& place, uint32_t stage) const {
    constexpr int kRowVectors = S::kCols / 8;
    const uint32_t to = stage + S::kWeightBytes + S::kFactorBytes;
    const int first_token = place.tile % token_tiles * S::kTokens;
#pragma unroll
    for (int index = threadIdx.x; index < S::kTokens * kRowVectors; index += kThreads) {
      const int token = index / kRowVectors;
      const int vector = index % kRowVectors;
      const int col = place.step * S::kCols + vector * 8;
      const bool exists = first_token + token < task.tokens && col < task.weight.cols;
      const int bytes = exists ? min(task.weight.cols - col, 8) * 2 : 0;
      const auto* from = static_cast<const uint16_t*>(task.in);
      if (exists) from += static_cast<size_t>(first_token + token) * task.in_stride + col;
      copy_async16(to + token * (S::kCols * 2) + (vector ^ (token % 2 * 4)) * 16, from, bytes);
    }
  }
};

/// Adds one step's products to the warp's sums [16-row tile][8-token tile].
template <class T, Packing kPacking, int kScales, int kTiles8>
__device__ __forceinline__ void add_step(const uint8_t* stage, int lane, int col_warp, float (&sums)[2][kTiles8][4]) {
  using S = Step<kPacking, kScales, kTiles8>;
  const int warp = threadIdx.x / 32;
  const uint8_t* weights = stage + warp * S::kWarpWeightBytes + lane * 16;
  const uint8_t* factors = stage + S::kWeightBytes + warp * S::kWarpFactorBytes + lane * 4;
  const uint8_t* activations =
      stage + S::kWeightBytes + S::kFactorBytes + (lane / 4) * (S::kCols * 2) + lane % 4 * 16;
  uint4 vectors[2][S::kTileVectors];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int v = 0; v < S::kTileVectors; ++v) {
      vectors[half][v] = *reinterpret_cast<const uint4*>(weights + (half * S::kTileVectors + v) * 512);
    }
  }
  constexpr int kBlocksOfGroup = kScales == 4 ? 1 : S::kBlocks;
  float group_sums[2][kTiles8][4];
#pragma unroll
  for (int block = 0; block < S::kBlocks; ++block) {
    uint32_t a[2][2][4];
    load_fragments<T, kPacking>(vectors[0], block, a[0]);
    load_fragments<T, kPacking>(vectors[1], block, a[1]);
    // Token lane / 4 of every 8-token tile: odd lanes' rows have their halves swapped.
    const int at = ((col_warp * S::kBlocks + block) ^ (lane / 4 % 2)) * 64;
#pragma unroll
    for (int n = 0; n < kTiles8; ++n) {
      const uint4 b = *reinterpret_cast<const uint4*>(activations + n * (8 * S::kCols * 2) + at);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        if constexpr (kScales == 0) {
          multiply_tile<T>(sums[half][n], a[half][0], b.x, b.y);
          multiply_tile<T>(sums[half][n], a[half][1], b.z, b.w);
        } else {
          if (block % kBlocksOfGroup == 0) {
#pragma unroll
            for (int i = 0; i < 4; ++i) group_sums[half][n][i] = 0;
          }
          multiply_tile<T>(group_sums[half][n], a[half][0], b.x, b.y);
          multiply_tile<T>(group_sums[half][n], a[half][1], b.z, b.w);
        }
      }
    }
    if constexpr (kScales > 0) {
      if (block % kBlocksOfGroup == kBlocksOfGroup - 1) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int factor_at = (half * S::kTileFactors + (kScales == 4 ? block : 0)) * 128;
          const float2 factor = __half22float2(*reinterpret_cast<const __half2*>(factors + factor_at));
#pragma unroll
          for (int n = 0; n < kTiles8; ++n) {
#pragma unroll
            for (int i = 0; i < 4; ++i) {
              sums[half][n][i] = fmaf(group_sums[half][n][i], i < 2 ? factor.x : factor.y, sums[half][n][i]);
            }
          }
        }
      }
    }
  }
}

/// Adds the halves of the columns: afterwards `tile_sums` [token, row] is the block's share of the tile.
template <int kTiles8>
__device__ __forceinline__ void join_column_warps(const float (&sums)[2][kTiles8][4], float* tile_sums) {
  const int lane = threadIdx.x % 32;
  const int row_warp = threadIdx.x / 32 % kRowWarps;
  const int col_warp = threadIdx.x / 32 / kRowWarps;
  float* mine = tile_sums + lane % 4 * 2 * kSumStride + row_warp * 32 + lane / 4;
#pragma unroll
  for (int turn = kColWarps - 1; turn >= 0; --turn) {
    if (col_warp == turn) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int n = 0; n < kTiles8; ++n) {
#pragma unroll
          for (int i = 0; i < 4; ++i) {
            float& sum = mine[(n * 8 + i % 2) * kSumStride + half * 16 + i / 2 * 8];
            sum = turn == kColWarps - 1 ? sums[half][n][i] : sum + sums[half][n][i];
          }
        }
      }
    }
    __syncthreads();
  }
}

/// The pieces a tile consists of. Every block has room for two shares: of the tile it begins in, of any later one.
struct Shares {
  float* memory;
  int blocks, total, steps;

  __device__ __forceinline__ float* of(int block, int tile, int floats) const {
    const int slot = begin_of(block, blocks, total) / steps == tile ? 0 : 1;
    return memory + (static_cast<size_t>(block) * 2 + slot) * floats;
  }
};

/// Gives this block's share of a tile away; true for the block that came last, which then adds up all.
__device__ __forceinline__ bool deliver(const float* tile_sums, float* share, int tokens, int* counter, int others) {
  __shared__ int arrived;
  for (int i = threadIdx.x; i < tokens * kMixedRows; i += kThreads) {
    __stcg(share + i, tile_sums[i / kMixedRows * kSumStride + i % kMixedRows]);
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) arrived = atomicAdd(counter, 1);
  __syncthreads();
  if (arrived != others) return false;
  __threadfence();
  if (threadIdx.x == 0) *counter = 0;  // as the next kernel expects it
  return true;
}

template <class T>
__device__ __forceinline__ void store_tile(const LinearTask& task, const float* tile_sums, const Shares& shares,
                                           int tile, int token_tiles, int tokens_of_tile, int* counters) {
  const int first_token = tile % token_tiles * tokens_of_tile;
  const int first_row = tile / token_tiles * kMixedRows;
  const int tokens = min(tokens_of_tile, task.tokens - first_token);
  const int first_block = block_of(tile * shares.steps, shares.blocks, shares.total);
  const int last_block = block_of((tile + 1) * shares.steps - 1, shares.blocks, shares.total);
  const bool whole = first_block == last_block;
  const int floats = tokens_of_tile * kMixedRows;
  if (!whole && !deliver(tile_sums, shares.of(blockIdx.x, tile, floats), tokens, counters + tile,
                         last_block - first_block)) {
    return;
  }
  const int row = threadIdx.x % kMixedRows;
  const SumEnd end = end_of(task, first_row + row);
  for (int token = threadIdx.x / kMixedRows; token < tokens; token += kThreads / kMixedRows) {
    float sum = 0;
    if (whole) {
      sum = tile_sums[token * kSumStride + row];
    } else {
      for (int block = first_block; block <= last_block; ++block) {
        sum += __ldcg(shares.of(block, tile, floats) + token * kMixedRows + row);
      }
    }
    store_sum<T>(task, first_row + row, first_token + token, sum, end);
  }
}

template <class T, Packing kPacking, int kScales, int kTiles8>
__global__ void __launch_bounds__(kThreads, 1) mixed_kernel(LinearTask task, int token_tiles, int total, float* memory) {
  using S = Step<kPacking, kScales, kTiles8>;
  extern __shared__ __align__(128) uint8_t shared[];
  let_next_start();
  const int lane = threadIdx.x % 32;
  const int col_warp = threadIdx.x / 32 / kRowWarps;
  const int steps = task.weight.steps;
  float* tile_sums = reinterpret_cast<float*>(shared);
  const uint8_t* ring = shared + S::kSumBytes;
  const uint32_t ring_address = shared_address(ring);
  const int begin = begin_of(blockIdx.x, gridDim.x, total);
  const int end = begin_of(blockIdx.x + 1, gridDim.x, total);

  const Loader<kPacking, kScales, kTiles8> loader(task, token_tiles);
  Place ahead = {begin / steps, begin % steps};
  const Place first = ahead;
  for (int i = 0; i < S::kStages - 1; ++i) {  // weights do not depend on earlier kernels
    if (begin + i < end) loader.copy_weights(ahead, ring_address + i * S::kStageBytes);
    ahead.advance(steps);
  }
  wait_for_inputs();
  ahead = first;
  for (int i = 0; i < S::kStages - 1; ++i) {
    if (begin + i < end) loader.copy_activations(ahead, ring_address + i * S::kStageBytes);
    commit_copies();
    ahead.advance(steps);
  }

  const Shares shares = {memory, static_cast<int>(gridDim.x), total, steps};
  float sums[2][kTiles8][4] = {};
  Place place = first;
  int slot = 0;
  for (int index = begin; index < end; ++index) {
    wait_for_copies<S::kStages - 2>();
    __syncthreads();  // everybody's copies are there, and everybody is done with the slot before
    if (index + S::kStages - 1 < end) {
      const uint32_t to = ring_address + (slot == 0 ? S::kStages - 1 : slot - 1) * S::kStageBytes;
      loader.copy_weights(ahead, to);
      loader.copy_activations(ahead, to);
      ahead.advance(steps);
    }
    commit_copies();
    add_step<T, kPacking, kScales, kTiles8>(ring + slot * S::kStageBytes, lane, col_warp, sums);
    slot = slot == S::kStages - 1 ? 0 : slot + 1;
    if (place.step == steps - 1 || index == end - 1) {
      join_column_warps<kTiles8>(sums, tile_sums);
      store_tile<T>(task, tile_sums, shares, place.tile, token_tiles, S::kTokens, task.weight.counters);
#pragma unroll
      for (int i = 0; i < 2 * kTiles8 * 4; ++i) sums[i / 4 / kTiles8][i / 4 % kTiles8][i % 4] = 0;
    }
    place.advance(steps);
  }
}

struct Kernel {
  void (*run)(LinearTask, int, int, float*) = nullptr;
  size_t shared_bytes = 0;
  int tokens = 0;  // of one tile
};
template <class T, Packing kPacking, int kScales>
Kernel choose_tiles(int tokens, size_t shared_limit) {
  const auto make = [](auto tiles8) -> Kernel {
    constexpr int kTiles8 = decltype(tiles8)::value;
    return {mixed_kernel<T, kPacking, kScales, kTiles8>,
            static_cast<size_t>(Step<kPacking, kScales, kTiles8>::kSharedBytes), kTiles8 * 8};
  };
  const Kernel large = make(std::integral_constant<int, 8>{});
  if (tokens > 32 && large.shared_bytes <= shared_limit) return large;
  return tokens > 16 ? make(std::integral_constant<int, 4>{}) : make(std::integral_constant<int, 2>{});
}
template <class T>
Kernel choose_kernel(const PackedView& weight, int tokens, size_t limit) {
  switch (weight.packing) {
    case Packing::dense: return choose_tiles<T, Packing::dense, 0>(tokens, limit);
    case Packing::int8_rows: return choose_tiles<T, Packing::int8_rows, 0>(tokens, limit);
    case Packing::int4_rows: return choose_tiles<T, Packing::int4_rows, 0>(tokens, limit);
    case Packing::int4_groups: break;
  }
  return weight.step_scales == 1   ? choose_tiles<T, Packing::int4_groups, 1>(tokens, limit)
         : weight.step_scales == 2 ? choose_tiles<T, Packing::int4_groups, 2>(tokens, limit)
                                   : choose_tiles<T, Packing::int4_groups, 4>(tokens, limit);
}

Kernel choose_kernel(const LinearTask& task, const Context& context) {
  return context.activation == DType::f16
             ? choose_kernel<__half>(task.weight, task.tokens, context.shared_bytes)
             : choose_kernel<__nv_bfloat16>(task.weight, task.tokens, context.shared_bytes);
}

struct Grid {
  int token_tiles, total, blocks;
};
Grid grid_of(const LinearTask& task, const Kernel& kernel, const Context& context) {
  Grid grid;
  grid.token_tiles = (task.tokens + kernel.tokens - 1) / kernel.tokens;
  const int row_tiles = (task.weight.rows + kMixedRows - 1) / kMixedRows;
  grid.total = row_tiles * grid.token_tiles * task.weight.steps;
  grid.blocks = std::min(grid.total, context.multiprocessors);
  return grid;
}

}  // namespace

size_t mixed_gemm_scratch(const LinearTask& task, const Context& context) {
  const Kernel kernel = choose_kernel(task, context);
  return static_cast<size_t>(grid_of(task, kernel, context).blocks) * 2 * static_cast<size_t>(kernel.tokens) *
         kMixedRows * sizeof(float);
}

void mixed_gemm(const LinearTask& task, std::byte* scratch, Context& context) {
  const Kernel kernel = choose_kernel(task, context);
  const Grid grid = grid_of(task, kernel, context);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(kernel.shared_bytes)),
        "giving a kernel its shared memory");
  launch(context, kernel.run, grid.blocks, kThreads, kernel.shared_bytes, task, grid.token_tiles, grid.total,
         reinterpret_cast<float*>(scratch));
}

}  // namespace flightdeck::cuda
