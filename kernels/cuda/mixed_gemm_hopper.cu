// Quantized weights times 65 to 256 tokens (fewer: mixed_gemm_split.cu) by Hopper's warpgroup products: out' = weight ·
// in', the weights converted in registers (operand a), the tokens in shared memory (operand b). Two warpgroups have 64
// rows each, every lane copies the weights it alone will use; eight more warps bring the activations, in the order the
// fragments ask for. The work is cut as in mixed_gemm.cu: one line of steps, equal pieces; a tile several blocks worked
// on is summed by the last of them to arrive, in the order of the columns, so that results repeat.
#include <algorithm>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/barrier.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mixed_fragments.h"
#include "kernels/cuda/mixed_hopper.h"
#include "kernels/cuda/work_line.h"

#if !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#pragma nv_diag_suppress 177  // the kernel's body, and all it uses, is for Hopper alone
#endif

namespace flightdeck::cuda {
namespace {

constexpr int kRowWarps = kMixedRows / 16;
constexpr int kRowThreads = kRowWarps * 32;
constexpr int kTeamWarps = 2;  // load a step's activations together
constexpr int kLoadWarps = 4 * kTeamWarps;
constexpr int kThreads = kRowThreads + kLoadWarps * 32;
constexpr int kStepCols = 128;
constexpr int kPanels = kStepCols / 64;
constexpr int kFewestSteps = 4;        // of a block
constexpr int kAheadBytes = 12 << 10;  // a warp asks for into L2 while it waits for its inputs

/// Sizes of one step: kHalves times 128 rows by 128 columns by kTokens tokens; kScales factors a row (0, 1 or 4). Both
/// halves of 256 rows share the activations: for more than 128 tokens reading those from L2 is what costs most.
template <Packing kPacking, int kScales, int kTokens, int kHalves>
struct Step {
  static constexpr bool kInt8 = kPacking == Packing::int8_rows;
  static constexpr int kVectors = kInt8 ? 4 : 2;  // of 16 bytes a lane
  static constexpr int kRows = kHalves * kMixedRows;
  static constexpr int kHalfBytes = kVectors * 512 + kScales * 128;  // of a warp: 16 rows
  static constexpr int kWarpBytes = kHalves * kHalfBytes;
  // One less is in flight: 64 KB.
  static constexpr int kWeightStages = kHalves == 2 ? (kInt8 ? 4 : 5) : kInt8 ? 5 : kScales == 4 ? 6 : 9;
  static constexpr int kWeightRing = kRowWarps * kWarpBytes * kWeightStages;
  static constexpr int kPanelBytes = kTokens * 128;
  static constexpr int kTokenBytes = kPanels * kPanelBytes;
  static constexpr int kTokenStages = kHalves == 2 ? 3 : 4;
  // A team waits for its slot by the parity of its turn; with more teams than slots it could be two turns ahead.
  static constexpr int kTeams = kTokenStages < kLoadWarps / kTeamWarps ? kTokenStages : kLoadWarps / kTeamWarps;
  static constexpr int kTokenRing = kTokenBytes * kTokenStages;
  static constexpr int kSharedBytes = kTokenRing + kWeightRing + 2 * kTokenStages * 8 + 16;
  static constexpr int kFragments = kHalves == 2 ? 2 : 4;   // multiplied while as many are made
  static constexpr int kGroups = 8 / kFragments * kHalves;  // of fragments in a step
  static constexpr int kBatch = kHalves == 2 ? 8 : 16;      // loads of activations at once
  static constexpr int kTriggerSteps = kInt8 ? 6 : 12;      // left when the next kernel may start
  static_assert(kSharedBytes <= 232448, "shared memory");
};

struct Work {
  int token_tiles, total, steps;
  float* memory;
};

/// The row warps alone.
__device__ __forceinline__ void sync_row_warps() { asm volatile("bar.sync 1, %0;" ::"n"(kRowThreads) : "memory"); }

/// A row warp's walk over its weights, one lane's view: 16 rows of every half, a step at a time.
template <class S, int kScales, int kHalves>
struct WeightLoader {
  static constexpr int kBytes = S::kVectors * 512;
  const PackedView& weight;
  const Work& work;
  const uint8_t* from[kHalves];
  const uint8_t* factors_from[kHalves];
  int factor_bytes;  // of a step's 16 rows
  int left_of_tile, left;
  int at;  // in the line: of the next tile

  __device__ __forceinline__ WeightLoader(const LinearTask& task, const Work& of, int begin, int end)
      : weight(task.weight), work(of), factor_bytes(task.weight.step_scales * 32), left(end - begin), at(begin) {
    find_tile();
  }
  /// Rows behind the last 16-row tile repeat it; nobody stores their sums.
  __device__ __forceinline__ void find_tile() {
    const Place place(at, work.steps, work.token_tiles);
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 0; half < kHalves; ++half) {
      const int wanted = (place.row_tile * kHalves + half) * kRowWarps + static_cast<int>(threadIdx.x) / 32;
      const size_t unit = static_cast<size_t>(min(wanted, weight.tiles - 1)) * work.steps + place.step;
      from[half] = kept(weight.data + unit * kBytes + lane * 16);
      factors_from[half] = kept(reinterpret_cast<const uint8_t*>(weight.factors) + unit * factor_bytes + lane / 4 * 4);
    }
    left_of_tile = work.steps - place.step;
    at += left_of_tile;
  }
  __device__ __forceinline__ void copy(uint32_t to) {
    if (left > 0) {
#pragma unroll
      for (int half = 0; half < kHalves; ++half) {
#pragma unroll
        for (int v = 0; v < S::kVectors; ++v) copy_async16(to + half * S::kHalfBytes + v * 512, from[half] + v * 512);
        if (kScales > 0 && factor_bytes > 0) {
          const uint32_t factors_to = to - threadIdx.x % 32 * 12 + half * S::kHalfBytes + kBytes;
#pragma unroll
          for (int s = 0; s < kScales; ++s) {
            copy_async4(factors_to + s * 128, factors_from[half] + (kScales == 1 ? 0 : s * factor_bytes / 128 * 32));
          }
        }
        from[half] += kBytes;
        factors_from[half] += factor_bytes;
      }
      --left;
      if (--left_of_tile == 0) find_tile();
    }
    commit_copies();
  }
  /// Asks for what lies behind the copies into L2: the memory works while the inputs are being made.
  __device__ __forceinline__ void ask_ahead() const {
    const int bytes = min(min(left, left_of_tile) * kBytes, kAheadBytes / kHalves);
#pragma unroll
    for (int half = 0; half < kHalves; ++half) {
      const uint8_t* lines = from[half] - threadIdx.x % 32 * 16;
      for (int at_byte = threadIdx.x % 32 * 128; at_byte < bytes; at_byte += 32 * 128) prefetch_l2(lines + at_byte);
    }
  }
};

/// What the loading warps do: activations through registers into the ring, their words put where the fragments'
/// order of columns wants them. Teams of two bring whole steps in turn: publishing waits for all loads of a warp, so
/// that a warp cannot load ahead of what it publishes, but the loads of all of them are on their way.
template <class S, int kTokens>
__device__ __forceinline__ void load_activations(const LinearTask& task, const Work& work, int begin, int end,
                                                 uint32_t ring, uint32_t full, uint32_t empty) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int kBatch = S::kBatch;  // loads at once: four tokens each
  const int lane = threadIdx.x % 32;
  const int team = (threadIdx.x - kRowThreads) / 32 / kTeamWarps;
  const int first_token = (threadIdx.x - kRowThreads) / 32 % kTeamWarps * (kTokens / kTeamWarps);
  const int token = lane / 8;  // 0..3
  const int vector = lane % 8;
  uint32_t places[4];
#pragma unroll
  for (int word = 0; word < 4; ++word) places[word] = ring + panel_position(token, vector, word);
  const size_t round_bytes = static_cast<size_t>(task.in_stride) * 8;
  for (int index = team < S::kTeams ? begin + team : end; index < end; index += S::kTeams) {
    const Place place(index, work.steps, work.token_tiles);
    const int slot = (index - begin) % S::kTokenStages;
    const int col = place.step * kStepCols + vector * 8;
    const int tile_token = place.token_tile * kTokens + first_token + token;
    int tokens_left = task.tokens - tile_token;
    const char* from = static_cast<const char*>(task.in) + (static_cast<size_t>(tile_token) * task.in_stride + col) * 2;
    uint32_t at = slot * S::kTokenBytes + first_token * 128;
#pragma unroll 1
    for (int first = 0; first < kTokens / kTeamWarps / 4 * kPanels; first += kBatch) {
      uint4 values[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        values[i] = {0, 0, 0, 0};
        if (i / kPanels * 4 < tokens_left && col + i % kPanels * 64 < task.weight.cols) {
          values[i] = __ldcg(reinterpret_cast<const uint4*>(from + i / kPanels * round_bytes + i % kPanels * 128));
        }
      }
      if (first == 0) wait_barrier(empty + slot * 8, (index - begin) / S::kTokenStages % 2 ^ 1);
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
    if (lane == 0) arrive(full + slot * 8);
  }
#endif
}

/// The pieces of a tile: every block has room for two shares, of the tile it begins in and of any later one.
__device__ __forceinline__ float4* share_of(const Work& work, int block, int tile, int share_floats) {
  const int slot = begin_of(block, gridDim.x, work.total) / work.steps == tile ? 0 : 1;
  return reinterpret_cast<float4*>(work.memory + (static_cast<size_t>(block) * 2 + slot) * share_floats) + threadIdx.x;
}

/// Gives this block's share of a tile away; true for the block that came last, with `sums` the whole tile's.
template <int kTokens, int kHalves>
__device__ __forceinline__ bool join_shares(float (&sums)[kHalves][kTokens / 8][4], const Work& work, int tile,
                                            int* counter, volatile int* arrived) {
  constexpr int kFours = kHalves * kTokens / 8;
  constexpr int kShareFloats = kFours * 4 * kRowThreads;
  const int first = block_of(tile * work.steps, gridDim.x, work.total);
  const int last = block_of((tile + 1) * work.steps - 1, gridDim.x, work.total);
  if (first == last) return true;
  float4* mine = share_of(work, blockIdx.x, tile, kShareFloats);
#pragma unroll
  for (int n = 0; n < kFours; ++n) {
    const float(&four)[4] = sums[n * 8 / kTokens][n % (kTokens / 8)];
    __stcg(mine + n * kRowThreads, make_float4(four[0], four[1], four[2], four[3]));
  }
  __threadfence();
  sync_row_warps();
  if (threadIdx.x == 0) *arrived = atomicAdd(counter, 1);
  sync_row_warps();
  if (*arrived != last - first) return false;
  __threadfence();
  if (threadIdx.x == 0) *counter = 0;  // as the next kernel expects it
#pragma unroll
  for (int n = 0; n < kFours * 4; ++n) sums[n / 4 * 8 / kTokens][n / 4 % (kTokens / 8)][n % 4] = 0;
#pragma unroll(kTokens == 16 ? 4 : kTokens == 32 ? 2 : 1)  // loads of several shares on their way
  for (int block = first; block <= last; ++block) {
    const float4* from = share_of(work, block, tile, kShareFloats);
#pragma unroll
    for (int n = 0; n < kFours; ++n) {
      const float4 part = __ldcg(from + n * kRowThreads);
      float(&four)[4] = sums[n * 8 / kTokens][n % (kTokens / 8)];
      four[0] += part.x, four[1] += part.y, four[2] += part.z, four[3] += part.w;
    }
  }
  return true;
}

template <class T, int kTokens>
__device__ __forceinline__ void store_tile(const LinearTask& task, const float (&sums)[kTokens / 8][4], int first_row,
                                           int first_token, const SumEnd (&ends)[2]) {
  const int lane = threadIdx.x % 32;
  const int row = first_row + threadIdx.x / 32 * 16 + lane / 4;
#pragma unroll
  for (int n = 0; n < kTokens / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int token = first_token + n * 8 + lane % 4 * 2 + i % 2;
      if (token < task.tokens) store_sum<T>(task, row + i / 2 * 8, token, sums[n][i], ends[i / 2]);
    }
  }
}

/// Scales and bias of a lane's two rows of every half.
template <class T, class S, int kHalves>
__device__ __forceinline__ void find_ends(const LinearTask& task, int row_tile, SumEnd (&ends)[kHalves][2]) {
#pragma unroll
  for (int i = 0; i < 2 * kHalves; ++i) {
    const int row = row_tile * S::kRows + i / 2 * kMixedRows + threadIdx.x / 32 * 16 + threadIdx.x % 32 / 4 + i % 2 * 8;
    ends[i / 2][i % 2] = end_of(task, row);
    if constexpr (!S::kInt8) ends[i / 2][i % 2].scale *= Factors<T>::kSumScale;
  }
}

/// Where things lie in shared memory.
struct Rings {
  uint32_t tokens, weights;  // weights: this lane's
  uint32_t full, empty;
  volatile int* arrived;
};

/// What the eight row warps do.
template <class T, class S, Packing kPacking, int kScales, int kTokens, int kHalves>
__device__ __forceinline__ void multiply_rows(const LinearTask& task, const Work& work, int begin, int end,
                                              const Rings& rings) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  const int lane = threadIdx.x % 32;
  const uint32_t weight_ring = kept(rings.weights);
  const uint32_t factor_ring = kept(weight_ring - lane * 12 + S::kVectors * 512);
  if (kScales == 1 && task.weight.step_scales == 0) {  // one scale a row: the factors are ones, once and for all
    for (int i = 0; i < S::kWeightStages * kHalves; ++i) store_shared4(factor_ring + i * S::kHalfBytes, 0x3c003c00u);
  }
  WeightLoader<S, kScales, kHalves> ahead(task, work, begin, end);
  for (int i = 0; i < S::kWeightStages - 1; ++i) ahead.copy(weight_ring + i * S::kWarpBytes);
  ahead.ask_ahead();
  if (ahead.left <= S::kTriggerSteps) let_next_start();
  Place place(begin, work.steps, work.token_tiles);
  SumEnd ends[kHalves][2];
  if (kHalves == 1) find_ends<T, S, kHalves>(task, place.row_tile, ends);
  wait_for_inputs();  // shares and outputs may still be in use

  float sums[kHalves][kTokens / 8][4] = {};
  uint32_t even[S::kFragments][4], odd[S::kFragments][4];
  int slot = 0, last_slot = (S::kWeightStages - 1) * S::kWarpBytes;
  const uint32_t ring_tokens = token_words(rings.tokens);
  int token_slot = 0;
  uint32_t parity = 0;
  for (int index = begin; index < end;) {
    const int piece = min(work.steps - place.step, end - index);
    uint32_t read = 0;  // barrier of the step before, whose products may still run
    for (int i = 0; i < piece; ++i) {
      wait_for_copies<S::kWeightStages - 2>();
      ahead.copy(weight_ring + last_slot);
      // Not earlier: what the next kernel asks for ahead would have left L2 before it is used.
      if (ahead.left == S::kTriggerSteps) let_next_start();
      RowWeights<T, kPacking, kScales, kHalves == 1, 128> weights(weight_ring + slot, factor_ring + slot, 4);
#pragma unroll
      for (int group = 0; group < S::kGroups; ++group) {
        const int half = group % kHalves;
        const int first = group / kHalves * S::kFragments;
        uint32_t(&a)[S::kFragments][4] = group % 2 ? odd : even;
        wait_for_products<1>();                               // the last that used `a`
        if (group == 1) arrive_if(i > 0 && lane == 0, read);  // no product reads the step's before any more
        weights.vectors_at = weight_ring + slot + half * S::kHalfBytes;
        weights.factors_at = factor_ring + slot + half * S::kHalfBytes;
        weights.find(first, a);
        if (group == 0) wait_barrier(rings.full + token_slot * 8, parity);
        start_products<T, kTokens>(
            sums[half], a,
            ring_tokens + token_slot * (S::kTokenBytes / 16) + first / 4 * (kTokens * 8) + first % 4 * 2);
      }
      read = rings.empty + token_slot * 8;
      if (++token_slot == S::kTokenStages) token_slot = 0, parity ^= 1;
      last_slot = slot;
      slot = slot == (S::kWeightStages - 1) * S::kWarpBytes ? 0 : slot + S::kWarpBytes;
    }
    wait_for_products<0>();
    pin_sums(sums);
    arrive_if(lane == 0, read);
    const int tile = place.row_tile * work.token_tiles + place.token_tile;
    if (join_shares<kTokens, kHalves>(sums, work, tile, task.weight.counters + tile, rings.arrived)) {
      if (kHalves > 1) find_ends<T, S, kHalves>(task, place.row_tile, ends);  // no registers to have them earlier
#pragma unroll
      for (int half = 0; half < kHalves; ++half) {
        store_tile<T, kTokens>(task, sums[half], place.row_tile * S::kRows + half * kMixedRows,
                               place.token_tile * kTokens, ends[half]);
      }
    }
    index += piece;
    place = Place(index, work.steps, work.token_tiles);
    if (kHalves == 1 && index < end) find_ends<T, S, kHalves>(task, place.row_tile, ends);
#pragma unroll
    for (int n = 0; n < kHalves * kTokens / 2; ++n) {
      sums[n / (kTokens / 2)][n / 4 % (kTokens / 8)][n % 4] = 0;
    }
  }
#endif
}

template <class T, Packing kPacking, int kScales, int kTokens, int kHalves>
__global__ void __launch_bounds__(kThreads, 1)
    mixed_hopper_kernel(const __grid_constant__ LinearTask task, const __grid_constant__ Work work) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  using S = Step<kPacking, kScales, kTokens, kHalves>;
  extern __shared__ __align__(1024) uint8_t shared[];
  const int begin = begin_of(blockIdx.x, gridDim.x, work.total);
  const int end = begin_of(blockIdx.x + 1, gridDim.x, work.total);
  Rings rings;
  rings.tokens = __shfl_sync(~0u, shared_address(shared), 0);
  rings.weights =
      rings.tokens + S::kTokenRing + threadIdx.x / 32 * (S::kWarpBytes * S::kWeightStages) + threadIdx.x % 32 * 16;
  rings.full = rings.tokens + S::kTokenRing + S::kWeightRing;
  rings.empty = rings.full + S::kTokenStages * 8;
  rings.arrived = reinterpret_cast<volatile int*>(shared + S::kTokenRing + S::kWeightRing + 2 * S::kTokenStages * 8);
  if (threadIdx.x == 0) {
    for (int i = 0; i < S::kTokenStages; ++i) {
      make_barrier(rings.full + i * 8, kTeamWarps);
      make_barrier(rings.empty + i * 8, kRowWarps);
    }
  }
  __syncthreads();
  if (threadIdx.x >= kRowThreads) {
    set_registers<kHalves == 2 ? 56 : 96, false>();
    wait_for_inputs();
    load_activations<S, kTokens>(task, work, begin, end, rings.tokens, rings.full, rings.empty);
  } else {
    set_registers<kHalves == 2 ? 200 : 160, true>();
    multiply_rows<T, S, kPacking, kScales, kTokens, kHalves>(task, work, begin, end, rings);
  }
#endif
}

struct Kernel {
  void (*run)(LinearTask, Work) = nullptr;
  size_t shared_bytes = 0;
  int tokens = 0;  // of one tile
  int rows = 0;
};
template <class T, Packing kPacking, int kScales, int kTokens, int kHalves>
Kernel kernel_of() {
  using S = Step<kPacking, kScales, kTokens, kHalves>;
  return {mixed_hopper_kernel<T, kPacking, kScales, kTokens, kHalves>, static_cast<size_t>(S::kSharedBytes), kTokens,
          S::kRows};
}
template <class T, Packing kPacking, int kScales>
Kernel choose_rows(int tokens) {
  return tokens <= 128 ? kernel_of<T, kPacking, kScales, 128, 1>() : kernel_of<T, kPacking, kScales, 128, 2>();
}
template <class T>
Kernel choose_kernel(const LinearTask& task) {
  if (task.weight.packing == Packing::int8_rows) return choose_rows<T, Packing::int8_rows, 0>(task.tokens);
  return task.weight.step_scales <= 1 ? choose_rows<T, Packing::int4_groups, 1>(task.tokens)
                                      : choose_rows<T, Packing::int4_groups, 4>(task.tokens);
}
Kernel choose_kernel(const LinearTask& task, const Context& context) {
  return context.activation == DType::f16 ? choose_kernel<__half>(task) : choose_kernel<__nv_bfloat16>(task);
}

/// One block a multiprocessor; somewhat fewer where no piece then spans two tiles.
int blocks_for(const Work& work, int multiprocessors) {
  const int tiles = work.total / work.steps;
  const int most = std::max(1, std::min(work.total / kFewestSteps, multiprocessors));
  const int whole = most / tiles * tiles;
  return whole * 16 >= most * 15 ? whole : most;
}
Work work_of(const LinearTask& task, const Kernel& kernel) {
  Work work = {};
  work.token_tiles = (task.tokens + kernel.tokens - 1) / kernel.tokens;
  work.steps = task.weight.padded_cols / kStepCols;
  work.total = round_up(task.weight.rows, kernel.rows) / kernel.rows * work.token_tiles * work.steps;
  return work;
}

}  // namespace

bool mixed_gemm_hopper_fits(const LinearTask& task, const Context& context) {
  return context.compute_major == 9 && task.weight.packing != Packing::dense &&
         task.weight.padded_cols % kStepCols == 0;
}

size_t mixed_gemm_hopper_scratch(const LinearTask& task, const Context& context) {
  if (task.tokens <= kMaxSplitTokens) return 0;
  const Kernel kernel = choose_kernel(task, context);
  return static_cast<size_t>(blocks_for(work_of(task, kernel), context.multiprocessors)) * 2 *
         static_cast<size_t>(kernel.rows * kernel.tokens) * sizeof(float);
}

void mixed_gemm_hopper(const LinearTask& task, std::byte* scratch, Context& context) {
  if (task.tokens <= kMaxSplitTokens) return mixed_gemm_split(task, plan_split(task, context), context);
  const Kernel kernel = choose_kernel(task, context);
  Work work = work_of(task, kernel);
  work.memory = reinterpret_cast<float*>(scratch);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(kernel.shared_bytes)),
        "giving a kernel its shared memory");
  launch(context, kernel.run, blocks_for(work, context.multiprocessors), kThreads, kernel.shared_bytes, task, work);
}

}  // namespace flightdeck::cuda
