// Weights of any packing times tens of tokens on the tensor cores (mma.m16n8k16), weights converted in registers.
// The work, tiles of 128 rows by up to 64 tokens, each so many steps of columns, is laid out in one line and cut into
// equal pieces, one a multiprocessor (stream-k, Osama et al. 2023, 2301.03598): no wave is ever half empty. A tile that
// several blocks worked on is summed by the last of them to arrive, in the order of the columns, so that results
// repeat. Weights and activations come through one ring in shared memory; a lane reads back only weights it copied
// itself.
#include <algorithm>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/work_line.h"

namespace flightdeck::cuda {
namespace {

constexpr int kRowWarps = 4;  // of 32 rows
constexpr int kColWarps = 2;  // each half of a step's columns
constexpr int kWarps = kRowWarps * kColWarps;
constexpr int kThreads = kWarps * 32;
constexpr int kSumStride = kMixedRows + 4;  // floats; padding against bank conflicts

/// Sizes of one step; kTiles8 counts 8-token tiles, kScales the factors a row in 128 columns.
template <Packing kPacking, int kScales, int kTiles8>
struct Step {
  static constexpr int kCols = step_cols(kPacking);
  static constexpr int kBlocks = kCols / 32 / kColWarps;                   // 32-column blocks of a warp
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

/// Walks along the line ahead of the products and copies each step's bytes into the ring.
template <Packing kPacking, int kScales, int kTiles8>
struct Loader {
  using S = Step<kPacking, kScales, kTiles8>;
  static constexpr bool kDense = kPacking == Packing::dense;
  static constexpr int kRowVectors = S::kCols / 8;              // of one token's activations
  static constexpr int kTokensAtOnce = kThreads / kRowVectors;  // that the block copies
  static constexpr int kCopies = (S::kTokens + kTokensAtOnce - 1) / kTokensAtOnce;

  const LinearTask& task;
  int token_tiles;
  Place place;
  const uint8_t* data;                           // this lane's
  const uint8_t* factors;                        // this lane's
  uint32_t data_to, factors_to, activations_to;  // this thread's places in a stage
  int unit[2];         // step's place in memory of both 16-row tiles: 1024 bytes, or 128 bytes of a dense row
  const uint16_t* in;  // this thread's 8 columns of its first token
  int cols_left, tokens_left;

  __device__ __forceinline__ Loader(const LinearTask& of, int tiles_of_tokens, int at)
      : task(of), token_tiles(tiles_of_tokens), place(at, of.weight.steps, tiles_of_tokens) {
    const int lane = threadIdx.x % 32;
    const int col_warp = threadIdx.x / 32 / kRowWarps;
    data = task.weight.data +
           (kDense ? static_cast<size_t>(lane / 4) * task.weight.padded_cols * 2 + col_warp * 64 + lane % 4 * 16
                   : static_cast<size_t>(col_warp * 512 + lane * 16));
    const int group = kScales == 1 ? 0 : col_warp * S::kTileFactors;
    factors = reinterpret_cast<const uint8_t*>(task.weight.factors) + group * 32 + lane / 4 * 4;
    const int warp = threadIdx.x / 32;
    const int token = threadIdx.x / kRowVectors;
    const int vector = threadIdx.x % kRowVectors;
    data = kept(data);
    factors = kept(factors);
    data_to = kept(warp * S::kWarpWeightBytes + lane * 16);
    factors_to = kept(S::kWeightBytes + warp * S::kWarpFactorBytes + lane * 4);
    // kTokensAtOnce is even: all of a thread's tokens are odd or none is.
    activations_to = kept(S::kWeightBytes + S::kFactorBytes + token * (S::kCols * 2) + (vector ^ (token % 2 * 4)) * 16);
    find_tile();
  }
  /// Rows behind the last 16-row tile repeat it; nobody stores their sums.
  __device__ __forceinline__ void find_tile() {
    const int row_warp = threadIdx.x / 32 % kRowWarps;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int tile = min(place.row_tile * (kMixedRows / 16) + row_warp * 2 + half, task.weight.tiles - 1);
      unit[half] = tile * task.weight.steps * (kDense ? 16 : 1) + place.step;
    }
    const int token = place.token_tile * S::kTokens + threadIdx.x / kRowVectors;
    const int col = place.step * S::kCols + threadIdx.x % kRowVectors * 8;
    in = static_cast<const uint16_t*>(task.in) + static_cast<size_t>(token) * task.in_stride + col;
    cols_left = task.weight.cols - col;
    tokens_left = task.tokens - token;
  }
  __device__ __forceinline__ void advance() {
    if (place.advance(task.weight.steps, token_tiles)) {
      find_tile();
    } else {
      ++unit[0];
      ++unit[1];
      in += S::kCols;
      cols_left -= S::kCols;
    }
  }
  __device__ __forceinline__ void copy_weights(uint32_t stage) const {
    const uint32_t to = stage + data_to;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      if constexpr (kDense) {
        const uint8_t* from = data + static_cast<size_t>(unit[half]) * 128;
        copy_async16(to + half * 1024, from);
        copy_async16(to + half * 1024 + 512, from + static_cast<size_t>(task.weight.padded_cols) * 16);
      } else {
        copy_async16(to + half * 512, data + static_cast<size_t>(unit[half]) * 1024);
      }
#pragma unroll
      for (int f = 0; f < S::kTileFactors; ++f) {
        copy_async4(stage + factors_to + (half * S::kTileFactors + f) * 128,
                    factors + static_cast<size_t>(unit[half]) * (kScales * 32) + f * 32);
      }
    }
  }
  /// [token, column]; the 64-byte halves of 128 bytes change places for odd tokens, so that the eight lanes that read
  /// together touch all banks. Tokens and columns that do not exist are zero.
  __device__ __forceinline__ void copy_activations(uint32_t stage) const {
#pragma unroll
    for (int i = 0; i < kCopies; ++i) {
      if (S::kTokens % kTokensAtOnce != 0 && threadIdx.x / kRowVectors + i * kTokensAtOnce >= S::kTokens) break;
      copy_async16(stage + activations_to + i * (kTokensAtOnce * S::kCols * 2),
                   in + static_cast<size_t>(i * kTokensAtOnce) * task.in_stride,
                   i * kTokensAtOnce < tokens_left && cols_left > 0);
    }
  }
};

/// A lane's places in a stage, for reading.
template <Packing kPacking, int kScales, int kTiles8>
struct Reader {
  using S = Step<kPacking, kScales, kTiles8>;
  uint32_t weights, factors, activations[S::kBlocks];

  __device__ __forceinline__ Reader() {
    const int warp = threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    weights = kept(warp * S::kWarpWeightBytes + lane * 16);
    factors = kept(S::kWeightBytes + warp * S::kWarpFactorBytes + lane * 4);
#pragma unroll
    for (int block = 0; block < S::kBlocks; ++block) {  // token lane / 4 of every 8-token tile
      const int place = (warp / kRowWarps * S::kBlocks + block) ^ (lane / 4 % 2);
      activations[block] =
          kept(S::kWeightBytes + S::kFactorBytes + lane / 4 * (S::kCols * 2) + lane % 4 * 16 + place * 64);
    }
  }
};

/// Adds one step's products to the warp's sums [16-row tile][8-token tile].
template <class T, Packing kPacking, int kScales, int kTiles8>
__device__ __forceinline__ void add_step(uint32_t stage, const Reader<kPacking, kScales, kTiles8>& reader,
                                         float (&sums)[2][kTiles8][4]) {
  using S = Step<kPacking, kScales, kTiles8>;
  uint4 vectors[2][S::kTileVectors];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int v = 0; v < S::kTileVectors; ++v) {
      vectors[half][v] = load_shared16(stage + reader.weights + (half * S::kTileVectors + v) * 512);
    }
  }
  constexpr int kBlocksOfGroup = kScales == 4 ? 1 : S::kBlocks;
  float group_sums[2][kTiles8][4];
#pragma unroll
  for (int block = 0; block < S::kBlocks; ++block) {
    uint32_t a[2][2][4];
    load_fragments<T, kPacking>(vectors[0], block, a[0]);
    load_fragments<T, kPacking>(vectors[1], block, a[1]);
#pragma unroll
    for (int n = 0; n < kTiles8; ++n) {
      const uint4 b = load_shared16(stage + reader.activations[block] + n * (8 * S::kCols * 2));
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        if constexpr (kScales == 0) {
          multiply_tile<T>(sums[half][n], a[half][0], b.x, b.y);
          multiply_tile<T>(sums[half][n], a[half][1], b.z, b.w);
        } else {
          if (block % kBlocksOfGroup == 0) {
            multiply_first<T>(group_sums[half][n], a[half][0], b.x, b.y);
          } else {
            multiply_tile<T>(group_sums[half][n], a[half][0], b.x, b.y);
          }
          multiply_tile<T>(group_sums[half][n], a[half][1], b.z, b.w);
        }
      }
    }
    if constexpr (kScales > 0) {
      if (block % kBlocksOfGroup == kBlocksOfGroup - 1) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int factor_at = (half * S::kTileFactors + (kScales == 4 ? block : 0)) * 128;
          const uint32_t both = load_shared4(stage + reader.factors + factor_at);
          const float2 factor = __half22float2(*reinterpret_cast<const __half2*>(&both));
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
                                           int row_tile, int token_tile, int token_tiles, int tokens_of_tile) {
  const int tile = row_tile * token_tiles + token_tile;
  const int first_token = token_tile * tokens_of_tile;
  const int first_row = row_tile * kMixedRows;
  const int tokens = min(tokens_of_tile, task.tokens - first_token);
  const int first_block = block_of(tile * shares.steps, shares.blocks, shares.total);
  const int last_block = block_of((tile + 1) * shares.steps - 1, shares.blocks, shares.total);
  const bool whole = first_block == last_block;
  const int floats = tokens_of_tile * kMixedRows;
  if (!whole && !deliver(tile_sums, shares.of(blockIdx.x, tile, floats), tokens, task.weight.counters + tile,
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
__global__ void __launch_bounds__(kThreads, 1)
    mixed_kernel(LinearTask task, int token_tiles, int total, float* memory) {
  using S = Step<kPacking, kScales, kTiles8>;
  extern __shared__ __align__(128) uint8_t shared[];
  let_next_start();
  const int steps = task.weight.steps;
  float* tile_sums = reinterpret_cast<float*>(shared);
  const uint32_t ring_address = kept(shared_address(shared + S::kSumBytes));
  const int begin = begin_of(blockIdx.x, gridDim.x, total);
  const int end = begin_of(blockIdx.x + 1, gridDim.x, total);

  using RingLoader = Loader<kPacking, kScales, kTiles8>;
  RingLoader weights_ahead(task, token_tiles, begin);
  for (int i = 0; i < S::kStages - 1 && begin + i < end; ++i) {  // weights do not depend on earlier kernels
    weights_ahead.copy_weights(ring_address + i * S::kStageBytes);
    weights_ahead.advance();
  }
  wait_for_inputs();
  RingLoader ahead(task, token_tiles, begin);
  for (int i = 0; i < S::kStages - 1; ++i) {
    if (begin + i < end) {
      ahead.copy_activations(ring_address + i * S::kStageBytes);
      ahead.advance();
    }
    commit_copies();
  }

  const Shares shares = {memory, static_cast<int>(gridDim.x), total, steps};
  float sums[2][kTiles8][4] = {};
  Place place(begin, steps, token_tiles);
  const Reader<kPacking, kScales, kTiles8> reader;
  int slot = 0;                                       // byte offset of the step's stage in the ring
  int last_slot = (S::kStages - 1) * S::kStageBytes;  // of the step before: free
  for (int index = begin; index < end; ++index) {
    wait_for_copies<S::kStages - 2>();
    __syncthreads();  // everybody's copies are there, and everybody is done with the stage before
    if (index + S::kStages - 1 < end) {
      ahead.copy_weights(ring_address + last_slot);
      ahead.copy_activations(ring_address + last_slot);
      ahead.advance();
    }
    commit_copies();
    add_step<T, kPacking, kScales, kTiles8>(ring_address + slot, reader, sums);
    last_slot = slot;
    slot = slot == (S::kStages - 1) * S::kStageBytes ? 0 : slot + S::kStageBytes;
    if (place.step == steps - 1 || index == end - 1) {
      join_column_warps<kTiles8>(sums, tile_sums);
      store_tile<T>(task, tile_sums, shares, place.row_tile, place.token_tile, token_tiles, S::kTokens);
#pragma unroll
      for (int i = 0; i < 2 * kTiles8 * 4; ++i) sums[i / 4 / kTiles8][i / 4 % kTiles8][i % 4] = 0;
    }
    place.advance(steps, token_tiles);
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
    case Packing::dense:
      return choose_tiles<T, Packing::dense, 0>(tokens, limit);
    case Packing::int8_rows:
      return choose_tiles<T, Packing::int8_rows, 0>(tokens, limit);
    case Packing::int4_rows:
      return choose_tiles<T, Packing::int4_rows, 0>(tokens, limit);
    case Packing::int4_groups:
      break;
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
  if (mixed_gemm_hopper_fits(task, context)) return mixed_gemm_hopper_scratch(task, context);
  const Kernel kernel = choose_kernel(task, context);
  return static_cast<size_t>(grid_of(task, kernel, context).blocks) * 2 * static_cast<size_t>(kernel.tokens) *
         kMixedRows * sizeof(float);
}

void mixed_gemm(const LinearTask& task, std::byte* scratch, Context& context) {
  if (mixed_gemm_hopper_fits(task, context)) return mixed_gemm_hopper(task, scratch, context);
  const Kernel kernel = choose_kernel(task, context);
  const Grid grid = grid_of(task, kernel, context);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(kernel.shared_bytes)),
        "giving a kernel its shared memory");
  launch(context, kernel.run, grid.blocks, kThreads, kernel.shared_bytes, task, grid.token_tiles, grid.total,
         reinterpret_cast<float*>(scratch));
}

}  // namespace flightdeck::cuda
