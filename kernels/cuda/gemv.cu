// Weights of any packing times 1 to 8 tokens, bound by reading the weights. One block a multiprocessor takes every n-th
// tile of 16 rows; its warps share the columns step by step and add their sums in shared memory at the end of a tile.
// Every lane copies what it alone will use, so the copies need no barrier and run on across tiles: 64 KB a
// multiprocessor are always on their way. Products go through the tensor cores with the tokens as their 8 columns: for
// int4 the conversion alone takes half of the instruction slots that reading leaves, multiplying by hand would not fit.
#include <algorithm>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mma.h"

namespace flightdeck::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kThreads = kWarps * 32;
constexpr int kTokenStride = 20;                             // floats; 16 rows and padding against bank conflicts
constexpr int kSumsOfWarp = kGemvTokens * kTokenStride;      // floats
constexpr int kSumBytes = 2 * kWarps * kSumsOfWarp * 4;      // twice: the next tile's may be written meanwhile
constexpr int kAheadBytes = 96 << 10;                        // a block asks for into L2 while it waits for its inputs

/// What a warp takes at once: 16 rows by step_cols columns.
template <Packing kPacking, int kScales>
struct Step {
  static constexpr int kCols = step_cols(kPacking);
  static constexpr int kBlocks = kCols / 32;                            // of 32 columns
  static constexpr int kVectors = kPacking == Packing::dense ? 4 : 2;   // of 16 bytes a lane
  static constexpr int kBytes = kVectors * 512;
  static constexpr int kSlotBytes = kBytes + kScales * 128;
  static constexpr int kStages = kPacking == Packing::dense ? 5 : 9;    // one less is in flight: 64 KB a block
  static constexpr int kRingBytes = kWarps * kStages * kSlotBytes;
};

/// Bytes from row to row of the activations in shared memory: eight lanes that read together touch all banks.
__host__ __device__ constexpr int row_bytes_of(int padded_cols) { return padded_cols * 2 + 64; }

/// One warp's walk over its steps of the block's tiles.
struct Walk {
  int tile, step;
  __device__ __forceinline__ void advance(int steps, int warp) {
    step += kWarps;
    if (step >= steps) {
      step = warp;
      tile += gridDim.x;
    }
  }
};

/// Where a lane's bytes of a step lie.
template <Packing kPacking, int kScales>
struct Source {
  const uint8_t* data;
  const __half2* factors;
  size_t tile_bytes;
  int row8_bytes;  // dense: 8 rows further

  __device__ __forceinline__ Source(const PackedView& weight, int lane) {
    using S = Step<kPacking, kScales>;
    if constexpr (kPacking == Packing::dense) {
      const int row_bytes = weight.padded_cols * 2;
      data = weight.data + static_cast<size_t>(lane / 4) * row_bytes + lane % 4 * 16;
      tile_bytes = static_cast<size_t>(row_bytes) * 16;
      row8_bytes = row_bytes * 8;
    } else {
      data = weight.data + lane * 16;
      tile_bytes = static_cast<size_t>(weight.steps) * S::kBytes;
      row8_bytes = 0;
    }
    factors = reinterpret_cast<const __half2*>(weight.factors) + lane / 4;
  }
  __device__ __forceinline__ const uint8_t* at(int tile, int step) const {
    return data + tile * tile_bytes + static_cast<size_t>(step) * (kPacking == Packing::dense ? 128 : 1024);
  }
  __device__ __forceinline__ int vector_offset(int vector) const {
    return kPacking == Packing::dense ? vector % 2 * row8_bytes + vector / 2 * 64 : vector * 512;
  }
  __device__ __forceinline__ const __half2* factors_at(int tile, int step, int steps) const {
    return factors + (static_cast<size_t>(tile) * steps + step) * (kScales * 8);
  }
};

template <Packing kPacking, int kScales>
__device__ __forceinline__ void copy_step(const Source<kPacking, kScales>& source, const Walk& walk, int tiles,
                                          int steps, uint32_t slot) {
  if (walk.tile < tiles && walk.step < steps) {
    using S = Step<kPacking, kScales>;
    const uint8_t* from = source.at(walk.tile, walk.step);
#pragma unroll
    for (int v = 0; v < S::kVectors; ++v) copy_async16(slot + v * 512, from + source.vector_offset(v));
    // The lanes' own 4 bytes lie behind the vectors; `slot` already has the lane's 16-byte offset.
    const int lane = threadIdx.x % 32;
    const __half2* factors = source.factors_at(walk.tile, walk.step, steps);
#pragma unroll
    for (int s = 0; s < kScales; ++s) copy_async4(slot + S::kBytes + s * 128 - lane * 12, factors + s * 8);
  }
  commit_copies();
}

/// Asks for the steps behind the ring, up to kAheadBytes a block: the memory works while the inputs are being made.
template <Packing kPacking, int kScales>
__device__ __forceinline__ void ask_ahead(const PackedView& weight, Walk walk) {
  using S = Step<kPacking, kScales>;
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  for (int i = 0; i < kAheadBytes / kWarps / S::kBytes && walk.tile < weight.tiles; ++i) {
    if (walk.step < weight.steps) {
      if constexpr (kPacking == Packing::dense) {
        const size_t row = static_cast<size_t>(walk.tile) * 16 + lane;
        if (lane < 16) prefetch_l2(weight.data + row * weight.padded_cols * 2 + walk.step * 128);
      } else {
        const size_t step = static_cast<size_t>(walk.tile) * weight.steps + walk.step;
        if (lane < 8) prefetch_l2(weight.data + step * S::kBytes + lane * 128);
        if (kScales > 0 && lane == 8) prefetch_l2(weight.factors + step * kScales * 16);
      }
    }
    walk.advance(weight.steps, warp);
  }
}

/// All activations into shared memory; columns behind the last are zero.
template <class T>
__device__ __forceinline__ void stage_activations(const LinearTask& task, uint8_t* shared) {
  const int vectors = task.weight.padded_cols / 8;
  const int row_bytes = row_bytes_of(task.weight.padded_cols);
  for (int token = 0; token < task.tokens; ++token) {
    const T* from = static_cast<const T*>(task.in) + static_cast<size_t>(token) * task.in_stride;
#pragma unroll 4
    for (int v = threadIdx.x; v < vectors; v += kThreads) {
      uint4 value = {0, 0, 0, 0};
      if (v * 8 + 8 <= task.weight.cols) {
        value = __ldcg(reinterpret_cast<const uint4*>(from) + v);
      } else if (v * 8 < task.weight.cols) {
        uint16_t tail[8] = {};
        for (int i = 0; i < task.weight.cols - v * 8; ++i) {
          tail[i] = __ldcg(reinterpret_cast<const unsigned short*>(from) + v * 8 + i);
        }
        value = {tail[0] | uint32_t(tail[1]) << 16, tail[2] | uint32_t(tail[3]) << 16,
                 tail[4] | uint32_t(tail[5]) << 16, tail[6] | uint32_t(tail[7]) << 16};
      }
      *reinterpret_cast<uint4*>(shared + token * row_bytes + v * 16) = value;
    }
  }
}

/// Adds one step's products to `sums`; two chains, because an mma waits 33 cycles for the one it adds to.
template <class T, Packing kPacking, int kScales>
__device__ __forceinline__ void add_step(const uint4 (&vectors)[Step<kPacking, kScales>::kVectors],
                                         const __half2* factors, const uint8_t* activations, bool has_token,
                                         float (&sums)[2][4]) {
  using S = Step<kPacking, kScales>;
  constexpr int kBlocksOfGroup = kScales == 0 ? S::kBlocks : S::kBlocks / kScales;
  float group_sums[2][4];
#pragma unroll
  for (int block = 0; block < S::kBlocks; ++block) {
    uint4 b = {0, 0, 0, 0};
    if (has_token) b = *reinterpret_cast<const uint4*>(activations + block * 64);
    uint32_t a[2][4];
    load_fragments<T, kPacking>(vectors, block, a);
    if constexpr (kScales == 0) {
      multiply_tile<T>(sums[0], a[0], b.x, b.y);
      multiply_tile<T>(sums[1], a[1], b.z, b.w);
    } else {
      if (block % kBlocksOfGroup == 0) {
#pragma unroll
        for (int i = 0; i < 4; ++i) group_sums[0][i] = group_sums[1][i] = 0;
      }
      multiply_tile<T>(group_sums[0], a[0], b.x, b.y);
      multiply_tile<T>(group_sums[1], a[1], b.z, b.w);
      if (block % kBlocksOfGroup == kBlocksOfGroup - 1) {
        const float2 factor = __half22float2(factors[block / kBlocksOfGroup * 32]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          sums[0][i] = fmaf(group_sums[0][i] + group_sums[1][i], i < 2 ? factor.x : factor.y, sums[0][i]);
        }
      }
    }
  }
}

/// The warps' sums of a tile, added in the order of the warps and stored.
__device__ __forceinline__ void leave_sums(const float (&sums)[2][4], float* of_warp, int tokens, int lane) {
  const int row = lane / 4;
  const int token = lane % 4 * 2;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (token + i % 2 < tokens) of_warp[(token + i % 2) * kTokenStride + row + i / 2 * 8] = sums[0][i] + sums[1][i];
  }
}
/// Thread = 16 token + row. `end` was loaded when the tile began: its latency would hold up this warp alone.
template <class T>
__device__ __forceinline__ void store_tile(const LinearTask& task, const float* sums, int tile, const SumEnd& end) {
  const int token = threadIdx.x / 16;
  const int row = threadIdx.x % 16;
  if (token >= task.tokens) return;
  float sum = 0;
#pragma unroll
  for (int warp = 0; warp < kWarps; ++warp) sum += sums[warp * kSumsOfWarp + token * kTokenStride + row];
  store_sum<T>(task, tile * 16 + row, token, sum, end);
}

template <class T, Packing kPacking, int kScales>
__global__ void __launch_bounds__(kThreads, 2) gemv_kernel(LinearTask task) {
  using S = Step<kPacking, kScales>;
  extern __shared__ __align__(128) uint8_t shared[];
  let_next_start();
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int tiles = task.weight.tiles;
  const int steps = task.weight.steps;
  float* all_sums = reinterpret_cast<float*>(shared);
  uint8_t* ring = shared + kSumBytes + warp * (S::kStages * S::kSlotBytes);
  uint8_t* activations = shared + kSumBytes + S::kRingBytes;
  const uint32_t ring_address = shared_address(ring) + lane * 16;

  const Source<kPacking, kScales> source(task.weight, lane);
  Walk ahead = {static_cast<int>(blockIdx.x), warp};
  for (int stage = 0; stage < S::kStages - 1; ++stage) {
    copy_step(source, ahead, tiles, steps, ring_address + stage * S::kSlotBytes);
    ahead.advance(steps, warp);
  }
  ask_ahead<kPacking, kScales>(task.weight, ahead);
  wait_for_inputs();
  stage_activations<T>(task, activations);
  __syncthreads();

  // A lane reads 8 columns of token lane / 4: operand b of two mma.
  const bool has_token = lane / 4 < task.tokens;
  const uint8_t* lane_activations = activations + lane / 4 * row_bytes_of(task.weight.padded_cols) + lane % 4 * 16;
  int slot = 0;
  int buffer = 0;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x, buffer ^= 1) {
    float sums[2][4] = {};
    const SumEnd end = threadIdx.x < 16 * kGemvTokens ? end_of(task, tile * 16 + threadIdx.x % 16) : SumEnd{};
    for (int step = warp; step < steps; step += kWarps) {
      wait_for_copies<S::kStages - 2>();
      // Into the slot of the step before, whose bytes are in registers.
      copy_step(source, ahead, tiles, steps,
                ring_address + (slot == 0 ? S::kStages - 1 : slot - 1) * S::kSlotBytes);
      ahead.advance(steps, warp);
      const uint8_t* from = ring + slot * S::kSlotBytes;
      uint4 vectors[S::kVectors];
#pragma unroll
      for (int v = 0; v < S::kVectors; ++v) vectors[v] = *reinterpret_cast<const uint4*>(from + v * 512 + lane * 16);
      add_step<T, kPacking, kScales>(vectors, reinterpret_cast<const __half2*>(from + S::kBytes) + lane,
                                     lane_activations + step * (S::kCols * 2), has_token, sums);
      slot = slot == S::kStages - 1 ? 0 : slot + 1;
    }
    float* sums_of_tile = all_sums + buffer * (kWarps * kSumsOfWarp);
    leave_sums(sums, sums_of_tile + warp * kSumsOfWarp, task.tokens, lane);
    __syncthreads();
    store_tile<T>(task, sums_of_tile, tile, end);
  }
}

struct Kernel {
  void (*run)(LinearTask) = nullptr;
  size_t ring_bytes = 0;
};
template <class T, Packing kPacking, int kScales>
Kernel kernel_of() {
  return {gemv_kernel<T, kPacking, kScales>, static_cast<size_t>(Step<kPacking, kScales>::kRingBytes)};
}
template <class T>
Kernel choose_kernel(const PackedView& weight) {
  switch (weight.packing) {
    case Packing::dense: return kernel_of<T, Packing::dense, 0>();
    case Packing::int8_rows: return kernel_of<T, Packing::int8_rows, 0>();
    case Packing::int4_rows: return kernel_of<T, Packing::int4_rows, 0>();
    case Packing::int4_groups: break;
  }
  return weight.step_scales == 1   ? kernel_of<T, Packing::int4_groups, 1>()
         : weight.step_scales == 2 ? kernel_of<T, Packing::int4_groups, 2>()
                                   : kernel_of<T, Packing::int4_groups, 4>();
}

Kernel choose_kernel(const PackedView& weight, const Context& context) {
  return context.activation == DType::f16 ? choose_kernel<__half>(weight) : choose_kernel<__nv_bfloat16>(weight);
}

size_t shared_bytes_of(const LinearTask& task, const Kernel& kernel) {
  return kSumBytes + kernel.ring_bytes +
         static_cast<size_t>(task.tokens) * static_cast<size_t>(row_bytes_of(task.weight.padded_cols));
}

}  // namespace

bool gemv_fits(const LinearTask& task, const Context& context) {
  return shared_bytes_of(task, choose_kernel(task.weight, context)) <= context.shared_bytes;
}

void gemv(const LinearTask& task, Context& context) {
  const Kernel kernel = choose_kernel(task.weight, context);
  const size_t bytes = shared_bytes_of(task, kernel);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "giving a kernel its shared memory");
  launch(context, kernel.run, std::min(task.weight.tiles, context.multiprocessors), kThreads, bytes, task);
}

}  // namespace flightdeck::cuda
