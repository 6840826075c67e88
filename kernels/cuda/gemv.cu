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

constexpr int kWarps = 16;
constexpr int kFewestTeamWarps = 4;  // kGemvTokens times 16 threads
constexpr int kThreads = kWarps * 32;
constexpr int kTokenStride = 20;       // floats; 16 rows and padding against bank conflicts
constexpr int kAheadBytes = 96 << 10;  // a block asks for into L2 while it waits for its inputs

/// What a warp takes at once: 16 rows by step_cols columns.
template <Packing kPacking, int kScales>
struct Step {
  static constexpr bool kInt4 = kPacking == Packing::int4_rows || kPacking == Packing::int4_groups;
  static constexpr int kCols = step_cols(kPacking);
  static constexpr int kBlocks = kCols / 32;                           // of 32 columns
  static constexpr int kVectors = kPacking == Packing::dense ? 4 : 2;  // of 16 bytes a lane
  static constexpr int kBytes = kVectors * 512;
  static constexpr int kSlotBytes = kBytes + kScales * 128;
  static constexpr int kStages = kPacking == Packing::dense ? 3 : 5;  // one less is in flight: 64 KB a block
  static constexpr int kRingBytes = kWarps * kStages * kSlotBytes;
  static constexpr int kTriggerItems = kVectors == 4 ? 2 : 4;  // left to copy when the next kernel may start
  static constexpr int kGroups = kScales == 0 ? 1 : kScales;   // of columns that have one sum of activations; int4 only
};

/// Floats of one warp's sums of a tile; they are kept twice, the next tile's may be written meanwhile.
__host__ __device__ constexpr int sums_of_warp(int tokens) { return tokens * kTokenStride - 4; }
/// Bytes from row to row of the activations in shared memory: eight lanes that read together touch all banks.
__host__ __device__ constexpr int row_bytes_of(int padded_cols) { return padded_cols * 2 + 64; }

/// A team of warps shares a tile: the whole block where there are few tiles; fewer warps where there are many, which
/// then stop less often to add up their sums. All numbers of warps are powers of two.
struct Team {
  int warps, warp;    // this one's place in the team
  int first, stride;  // tiles

  __device__ __forceinline__ explicit Team(int team_warps) : warps(team_warps) {
    const int team = threadIdx.x / 32 / team_warps;
    warp = threadIdx.x / 32 % team_warps;
    first = team * gridDim.x + blockIdx.x;  // every block gets the same number of tiles, give or take one
    stride = kWarps / team_warps * gridDim.x;
  }
  __device__ __forceinline__ void sync() const {
    switch (threadIdx.x / 32 / warps) {  // constants: a barrier that is not known takes all sixteen
      case 0:
        return sync_as<1>();
      case 1:
        return sync_as<2>();
      case 2:
        return sync_as<3>();
      default:
        return sync_as<4>();
    }
  }

 private:
  template <int kBarrier>
  __device__ __forceinline__ void sync_as() const {
    asm volatile("bar.sync %0, %1;" ::"n"(kBarrier), "r"(warps * 32) : "memory");
  }
};

/// A warp's walk over the team's steps, every warps-th of all its tiles' steps in one line, so that all warps have the
/// same number of them. A unit is a step's place in memory: 1024 bytes of a quantized weight, 128 bytes of a row of a
/// dense one.
template <Packing kPacking, int kScales>
struct Walk {
  using S = Step<kPacking, kScales>;
  static constexpr bool kDense = kPacking == Packing::dense;
  static constexpr int kUnitBytes = kDense ? 128 : S::kBytes;

  const uint8_t* data;     // this lane's
  const uint8_t* factors;  // this lane's
  int row8_bytes;          // dense: 8 rows further
  int unit, jump;          // jump: from behind the last step of a tile to the first of the next
  int step, steps;         // of the tile
  int warps;
  int items;  // left

  __device__ __forceinline__ Walk(const PackedView& weight, const Team& team, int lane) : warps(team.warps) {
    const int tile_units = weight.steps * (kDense ? 16 : 1);
    const int row_bytes = weight.padded_cols * 2;
    steps = weight.steps;
    step = team.warp;
    unit = team.first * tile_units + team.warp;
    jump = team.stride * tile_units - steps;
    data = weight.data + (kDense ? static_cast<size_t>(lane / 4) * row_bytes + lane % 4 * 16 : lane * 16);
    row8_bytes = row_bytes * 8;
    factors = reinterpret_cast<const uint8_t*>(weight.factors) + lane / 4 * 4;
    const int team_items = max(0, (weight.tiles - team.first + team.stride - 1) / team.stride) * steps;
    items = max(0, (team_items - team.warp + warps - 1) / warps);
    into_tile();
  }
  __device__ __forceinline__ void into_tile() {
    while (step >= steps) {
      step -= steps;
      unit += jump;
    }
  }
  __device__ __forceinline__ const uint8_t* bytes() const { return data + static_cast<size_t>(unit) * kUnitBytes; }
  __device__ __forceinline__ const uint8_t* step_factors() const {
    return factors + static_cast<size_t>(unit) * (kScales * 32);
  }
  __device__ __forceinline__ void advance() {
    --items;
    unit += warps;
    step += warps;
    into_tile();
  }
  /// `slot` is the lane's 16 bytes of the first vector; its 4-byte factors lie behind the vectors.
  __device__ __forceinline__ void copy(uint32_t slot, uint32_t factor_slot) {
    if (items > 0) {
      const uint8_t* from = bytes();
#pragma unroll
      for (int v = 0; v < S::kVectors; ++v) {
        copy_async16(slot + v * 512, from + (kDense ? v % 2 * row8_bytes + v / 2 * 64 : v * 512));
      }
#pragma unroll
      for (int s = 0; s < kScales; ++s) copy_async4(factor_slot + s * 128, step_factors() + s * 32);
      advance();
    }
    commit_copies();
  }
};

/// Asks for the steps behind the ring, up to kAheadBytes a block: the memory works while the inputs are being made.
template <Packing kPacking, int kScales>
__device__ __forceinline__ void ask_ahead(Walk<kPacking, kScales> walk, int lane) {
  using W = Walk<kPacking, kScales>;
  for (int i = 0; i < kAheadBytes / kWarps / W::S::kBytes && walk.items > 0; ++i, walk.advance()) {
    if constexpr (W::kDense) {
      // Lanes 4 g are at the start of their row's 128 bytes.
      if (lane % 4 < 2) prefetch_l2(walk.bytes() - lane % 4 * 16 + lane % 4 * walk.row8_bytes);
    } else {
      if (lane < 8) prefetch_l2(walk.bytes() - lane * 16 + lane * 128);
      if (kScales > 0 && lane == 0) prefetch_l2(walk.step_factors());
    }
  }
}

template <class T>
__device__ __forceinline__ float sum_of_vector(const uint4& vector) {
  const T* values = reinterpret_cast<const T*>(&vector);
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i) sum += to_float(values[i]);
  return sum;
}

/// All activations into shared memory, columns behind the last as zeros. A thread has kBatch loads on their way. For
/// int4 also RawInt4's kZero times the sum of each group of activations, [group, token].
template <class T, Packing kPacking, int kScales>
__device__ __forceinline__ void stage_activations(const LinearTask& task, uint8_t* shared, float* group_sums) {
  using S = Step<kPacking, kScales>;
  constexpr int kBatch = 4;
  [[maybe_unused]] constexpr int kGroupVectors = S::kCols / S::kGroups / 8;
  const int vectors = task.weight.padded_cols / 8;  // a multiple of a group's: a group never spans rounds of the loop
  const int row_bytes = row_bytes_of(task.weight.padded_cols);
  int token = 0;
  int vector = threadIdx.x;
  while (vector >= vectors) {
    vector -= vectors;
    ++token;
  }
  while (__any_sync(~0u, token < task.tokens)) {
    uint4 values[kBatch];
    int tokens[kBatch], at[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      values[i] = {0, 0, 0, 0};
      tokens[i] = token;
      at[i] = vector;
      if (token < task.tokens && vector * 8 < task.weight.cols) {
        const T* row = static_cast<const T*>(task.in) + static_cast<size_t>(token) * task.in_stride;
        values[i] = __ldcg(reinterpret_cast<const uint4*>(row) + vector);
      }
      vector += kThreads;
      while (vector >= vectors) {
        vector -= vectors;
        ++token;
      }
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const bool exists = tokens[i] < task.tokens;
      if (exists) *reinterpret_cast<uint4*>(shared + tokens[i] * row_bytes + at[i] * 16) = values[i];
      if constexpr (S::kInt4) {
        float sum = sum_of_vector<T>(values[i]);
#pragma unroll
        for (int lanes = 1; lanes < kGroupVectors; lanes *= 2) sum += __shfl_xor_sync(~0u, sum, lanes);
        if (exists && at[i] % kGroupVectors == 0) {
          group_sums[at[i] / kGroupVectors * kGemvTokens + tokens[i]] = RawInt4<T>::kZero * sum;
        }
      }
    }
  }
}

/// A lane's activations in shared memory: 8 columns of token lane / 4 are operand b of two mma.
struct Activations {
  uint32_t address;
  bool exists;  // where there is no such token nothing is read, to spare shared memory: nobody looks at those sums

  __device__ __forceinline__ uint4 load(int offset) const {
    uint4 value;
    asm volatile(
        "{ .reg .pred exists; setp.ne.u32 exists, %5, 0;\n"
        "@exists ld.shared.v4.u32 {%0, %1, %2, %3}, [%4]; }"
        : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
        : "r"(address + offset), "r"(static_cast<uint32_t>(exists)));
    return value;
  }
};

/// Adds one step's products to `sums`; two chains, because an mma waits 33 cycles for the one it adds to. Int4 is
/// multiplied raw (RawInt4) and put right once a group with the sums of the activations.
template <class T, Packing kPacking, int kScales>
__device__ __forceinline__ void add_step(const uint4 (&vectors)[Step<kPacking, kScales>::kVectors],
                                         const uint8_t* factors, const Activations& activations, int step,
                                         const float* group_sums, float (&sums)[2][4]) {
  using S = Step<kPacking, kScales>;
  if constexpr (!S::kInt4) {
#pragma unroll
    for (int block = 0; block < S::kBlocks; ++block) {
      const uint4 b = activations.load(step * (S::kCols * 2) + block * 64);
      uint32_t a[2][4];
      load_fragments<T, kPacking>(vectors, block, a);
      multiply_tile<T>(sums[0], a[0], b.x, b.y);
      multiply_tile<T>(sums[1], a[1], b.z, b.w);
    }
  } else {
    constexpr int kBlocksOfGroup = S::kBlocks / S::kGroups;
#pragma unroll
    for (int group = 0; group < S::kGroups; ++group) {
      float raw[2][4];
#pragma unroll
      for (int i = 0; i < kBlocksOfGroup; ++i) {
        const int block = group * kBlocksOfGroup + i;
        const uint4 b = activations.load(step * (S::kCols * 2) + block * 64);
        const uint4 v = vectors[block / 2];
        uint32_t a[2][4];
        RawInt4<T>::fragment(block % 2 ? v.z : v.x, a[0]);
        RawInt4<T>::fragment(block % 2 ? v.w : v.y, a[1]);
        if (i == 0) {
          multiply_first<T>(raw[0], a[0], b.x, b.y);
          multiply_first<T>(raw[1], a[1], b.z, b.w);
        } else {
          multiply_tile<T>(raw[0], a[0], b.x, b.y);
          multiply_tile<T>(raw[1], a[1], b.z, b.w);
        }
      }
      float2 factor = {1, 1};
      if constexpr (kScales > 0) {
        factor = __half22float2(*reinterpret_cast<const __half2*>(factors + group * 128));
      }
      const float2 zero = *reinterpret_cast<const float2*>(group_sums + group * kGemvTokens);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float scale = i < 2 ? RawInt4<T>::kLowScale : RawInt4<T>::kHighScale;
        const float value = fmaf(raw[0][i] + raw[1][i], scale, i % 2 ? -zero.y : -zero.x);
        sums[0][i] = fmaf(value, i < 2 ? factor.x : factor.y, sums[0][i]);
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
/// Thread of the team = 16 token + row. `end` was loaded a tile ago: its latency would hold up this warp alone.
template <class T>
__device__ __forceinline__ void store_tile(const LinearTask& task, const float* sums, int tile, int thread, int warps,
                                           const SumEnd& end) {
  const int token = thread / 16;
  const int row = thread % 16;
  if (token >= task.tokens) return;
  const int of_warp = sums_of_warp(task.tokens);
  const float* from = sums + token * kTokenStride + row;
  float parts[4] = {};
#pragma unroll 1
  for (int warp = 0; warp < warps; warp += 4) {
#pragma unroll
    for (int i = 0; i < 4; ++i) parts[i] += from[(warp + i) * of_warp];
  }
  store_sum<T>(task, tile * 16 + row, token, (parts[0] + parts[1]) + (parts[2] + parts[3]), end);
}

template <class T, Packing kPacking, int kScales>
__global__ void __launch_bounds__(kThreads, 2) gemv_kernel(LinearTask task, int team_warps) {
  using S = Step<kPacking, kScales>;
  extern __shared__ __align__(128) uint8_t shared[];
  const int warp = threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  const int tiles = task.weight.tiles;
  const int steps = task.weight.steps;
  const int row_bytes = row_bytes_of(task.weight.padded_cols);
  uint8_t* ring = shared + warp * (S::kStages * S::kSlotBytes);
  float* all_sums = reinterpret_cast<float*>(shared + S::kRingBytes);
  uint8_t* activations = shared + S::kRingBytes + 2 * kWarps * sums_of_warp(task.tokens) * 4;
  float* group_sums = reinterpret_cast<float*>(activations + task.tokens * row_bytes);
  const uint8_t* lane_vectors = ring + lane * 16;
  const uint8_t* lane_factors = ring + S::kBytes + lane * 4;
  const uint32_t vector_slots = shared_address(lane_vectors);
  const uint32_t factor_slots = shared_address(lane_factors);

  const Team team(team_warps);
  Walk<kPacking, kScales> walk(task.weight, team, lane);
  for (int stage = 0; stage < S::kStages - 1; ++stage) {
    walk.copy(vector_slots + stage * S::kSlotBytes, factor_slots + stage * S::kSlotBytes);
  }
  // Row scales and bias of the next tile to store: asked for a tile ahead, the first while the inputs are being made.
  const int thread = team.warp * 32 + lane;  // of the team
  const bool stores = thread < 16 * task.tokens;
  SumEnd end = stores ? end_of(task, team.first * 16 + thread % 16) : SumEnd{};
  ask_ahead(walk, lane);
  if (walk.items <= S::kTriggerItems) let_next_start();
  wait_for_inputs();
  stage_activations<T, kPacking, kScales>(task, activations, group_sums);
  __syncthreads();

  const int token = lane / 4;
  const Activations lane_activations = {shared_address(activations) + token * row_bytes + lane % 4 * 16,
                                        token < task.tokens};
  const float* lane_group_sums = group_sums + lane % 4 * 2;
  int slot = 0;                                      // byte offset of the step's slot in the ring
  int last_slot = (S::kStages - 1) * S::kSlotBytes;  // of the step before: free
  int buffer = 0;
  int step = team.warp;
  for (int tile = team.first; tile < tiles; tile += team.stride, buffer ^= 1) {
    float sums[2][4] = {};
    for (; step < steps; step += team_warps) {
      wait_for_copies<S::kStages - 2>();
      walk.copy(vector_slots + last_slot, factor_slots + last_slot);
      // Not earlier: what the next kernel asks for ahead would have left L2 before it is used.
      if (walk.items == S::kTriggerItems) let_next_start();
      uint4 vectors[S::kVectors];
#pragma unroll
      for (int v = 0; v < S::kVectors; ++v) {
        vectors[v] = *reinterpret_cast<const uint4*>(lane_vectors + slot + v * 512);
      }
      add_step<T, kPacking, kScales>(vectors, lane_factors + slot, lane_activations, step,
                                     lane_group_sums + step * (S::kGroups * kGemvTokens), sums);
      last_slot = slot;
      slot = slot == (S::kStages - 1) * S::kSlotBytes ? 0 : slot + S::kSlotBytes;
    }
    step -= steps;
    float* sums_of_tile = all_sums + buffer * (kWarps * sums_of_warp(task.tokens));
    leave_sums(sums, sums_of_tile + warp * sums_of_warp(task.tokens), task.tokens, lane);
    team.sync();
    const SumEnd this_end = end;
    if (stores && tile + team.stride < tiles) end = end_of(task, (tile + team.stride) * 16 + thread % 16);
    store_tile<T>(task, sums_of_tile + (warp - team.warp) * sums_of_warp(task.tokens), tile, thread, team_warps,
                  this_end);
  }
}

struct Kernel {
  void (*run)(LinearTask, int) = nullptr;
  size_t ring_bytes = 0;
  int group_cols = 0;  // int4: columns that have one sum of activations
  int tile_cost = 0;   // of adding up a tile's sums, in steps of a warp, tenths
};
template <class T, Packing kPacking, int kScales>
Kernel kernel_of() {
  using S = Step<kPacking, kScales>;
  return {gemv_kernel<T, kPacking, kScales>, static_cast<size_t>(S::kRingBytes), S::kInt4 ? S::kCols / S::kGroups : 0,
          kPacking == Packing::dense ? 15
          : S::kInt4                 ? 12
                                     : 17};
}
template <class T>
Kernel choose_kernel(const PackedView& weight) {
  switch (weight.packing) {
    case Packing::dense:
      return kernel_of<T, Packing::dense, 0>();
    case Packing::int8_rows:
      return kernel_of<T, Packing::int8_rows, 0>();
    case Packing::int4_rows:
      return kernel_of<T, Packing::int4_rows, 0>();
    case Packing::int4_groups:
      break;
  }
  return weight.step_scales == 1   ? kernel_of<T, Packing::int4_groups, 1>()
         : weight.step_scales == 2 ? kernel_of<T, Packing::int4_groups, 2>()
                                   : kernel_of<T, Packing::int4_groups, 4>();
}

Kernel choose_kernel(const PackedView& weight, const Context& context) {
  return context.activation == DType::f16 ? choose_kernel<__half>(weight) : choose_kernel<__nv_bfloat16>(weight);
}

size_t shared_bytes_of(const LinearTask& task, const Kernel& kernel) {
  const int row_bytes = row_bytes_of(task.weight.padded_cols);
  const int group_bytes = kernel.group_cols > 0 ? task.weight.padded_cols / kernel.group_cols * kGemvTokens * 4 : 0;
  return kernel.ring_bytes +
         static_cast<size_t>(2 * kWarps * sums_of_warp(task.tokens) * 4 + task.tokens * row_bytes + group_bytes);
}

/// Warps that share a tile, so that a block's slowest warp is done first.
int team_warps_of(const LinearTask& task, const Kernel& kernel, int blocks) {
  int best = kWarps, least = 0;
  for (int warps = kWarps; warps >= kFewestTeamWarps; warps /= 2) {
    const int teams = blocks * (kWarps / warps);
    const int rounds = (task.weight.tiles + teams - 1) / teams;
    const int cost = rounds * (task.weight.steps * 10 / warps + kernel.tile_cost);
    if (warps == kWarps || cost < least) best = warps, least = cost;
  }
  return best;
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
  const int blocks = std::min(task.weight.tiles, context.multiprocessors);
  launch(context, kernel.run, blocks, kThreads, bytes, task, team_warps_of(task, kernel, blocks));
}

}  // namespace flightdeck::cuda
