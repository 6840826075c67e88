// Quantized weights times 9 to 256 tokens by Hopper's warpgroup products: out' = weight · in', the weights converted in
// registers (operand a), the tokens in shared memory (operand b). Two warpgroups have 64 rows each, every lane copies
// the weights it alone will use; four more warps bring the activations, in the order the fragments ask for. The work is
// cut as in mixed_gemm.cu: one line of steps, equal pieces; a tile several blocks worked on is summed by the last of
// them to arrive, in the order of the columns, so that results repeat.
#include <algorithm>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/barrier.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/linear_store.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/token_product.h"
#include "kernels/cuda/warpgroup_mma.h"
#include "kernels/cuda/work_line.h"

#if !defined(__CUDA_ARCH_FEAT_SM90_ALL)
#pragma nv_diag_suppress 177  // the kernel's body, and all it uses, is for Hopper alone
#endif

namespace flightdeck::cuda {
namespace {

constexpr int kRowWarps = kMixedRows / 16;
constexpr int kRowThreads = kRowWarps * 32;
constexpr int kLoadWarps = 4;
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
  static constexpr int kTokenStages = kTokens == 16 ? 6 : kTokens == 32 || kHalves == 2 ? 3 : 4;
  // A warp waits for its slot by the parity of its turn; with more warps than slots it could be two turns ahead.
  static constexpr int kLoaders = kTokenStages < kLoadWarps ? kTokenStages : kLoadWarps;
  static constexpr int kTokenRing = kTokenBytes * kTokenStages;
  static constexpr int kSharedBytes = kTokenRing + kWeightRing + 2 * kTokenStages * 8 + 16;
  static constexpr int kBlocks = kTokens <= 32 ? 2 : 1;  // on a multiprocessor: the next kernel's, too
  static constexpr int kFragments = kTokens <= 32 || kHalves == 2 ? 2 : 4;  // multiplied while as many are made
  static constexpr int kGroups = 8 / kFragments * kHalves;                  // of fragments in a step
  static constexpr int kBatch = kTokens <= 32 || kHalves == 2 ? 8 : 16;     // loads of activations at once
  static constexpr int kTriggerSteps = kInt8 ? 6 : 12;                      // left when the next kernel may start
  static_assert(kSharedBytes <= 232448 && (kBlocks == 1 || kSharedBytes <= 115712), "shared memory");
};

struct Work {
  int token_tiles, total, steps;
  float* memory;
};

template <int kHalves, int kCount>
__device__ __forceinline__ void pin_sums(float (&d)[kHalves][kCount][4]) {
#pragma unroll
  for (int i = 0; i < kHalves * kCount * 4; ++i) {
    asm volatile("" : "+f"(d[i / 4 / kCount][i / 4 % kCount][i % 4])::"memory");
  }
}
/// The row warps of 256-row tiles need registers that the loading warps do not.
template <int kCount, bool kMore>
__device__ __forceinline__ void set_registers() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  if constexpr (kMore) {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
  } else {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
  }
#endif
}
__device__ __forceinline__ void fence_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
template <int kPending>
__device__ __forceinline__ void wait_for_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
#endif
}
__device__ __forceinline__ uint2 load_shared8(uint32_t from) {
  uint2 value;
  asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];" : "=r"(value.x), "=r"(value.y) : "r"(from) : "memory");
  return value;
}
/// The row warps alone.
__device__ __forceinline__ void sync_row_warps() { asm volatile("bar.sync 1, %0;" ::"n"(kRowThreads) : "memory"); }
__device__ __forceinline__ void store_shared4(uint32_t to, uint32_t value) {
  asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(value) : "memory");
}

/// Factors of a group of columns for rows g and g + 8, as the conversion wants them.
template <class T>
struct Factors;
template <>
struct Factors<__half> {
  // Raw nibbles are denormals, n * 2^-24, or n * 2^-20 where they lie four bits higher. One fma makes them
  // (n - 8) * factor * 2^-9, rounded once; factors are at most 1, so that the products stay in range.
  static constexpr float kSumScale = 512;
  uint32_t low, high, low_zero, high_zero;

  __device__ __forceinline__ explicit Factors(uint32_t both) {
    const uint32_t g = __byte_perm(both, 0, 0x1010), g8 = __byte_perm(both, 0, 0x3232);
    low = times(g, 0x78007800u);       // 2^15
    high = times(g8, 0x68006800u);     // 2^11
    low_zero = times(g, 0xa400a400u);  // -8 * 2^-9
    high_zero = times(g8, 0xa400a400u);
  }
  __device__ __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) const {
    const uint32_t upper = word >> 8;
    a[0] = fma(word & 0x000f000fu, low, low_zero);
    a[1] = fma(word & 0x00f000f0u, high, high_zero);
    a[2] = fma(upper & 0x000f000fu, low, low_zero);
    a[3] = fma(upper & 0x00f000f0u, high, high_zero);
  }
  __device__ static __forceinline__ uint32_t times(uint32_t a, uint32_t b) {
    uint32_t result;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
  __device__ static __forceinline__ uint32_t fma(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t result;
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
  }
};
template <>
struct Factors<__nv_bfloat16> {
  static constexpr float kSumScale = 1;
  uint32_t low, high;

  __device__ __forceinline__ explicit Factors(uint32_t both) {
    const float2 factor = __half22float2(*reinterpret_cast<const __half2*>(&both));
    const __nv_bfloat162 g = __float2bfloat162_rn(factor.x), g8 = __float2bfloat162_rn(factor.y);
    low = *reinterpret_cast<const uint32_t*>(&g);
    high = *reinterpret_cast<const uint32_t*>(&g8);
  }
  __device__ __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) const {
    int4_fragment(word, a, __nv_bfloat16{});
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      asm("fma.rn.bf16x2 %0, %0, %1, %2;" : "+r"(a[i]) : "r"(i % 2 ? high : low), "r"(0x80008000u));
    }
  }
};

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

/// What the four loading warps do: activations through registers into the ring, their words put where the fragments'
/// order of columns wants them. The warps bring whole steps in turn: publishing waits for all loads of a warp, so that
/// a warp cannot load ahead of what it publishes, but the loads of all of them are on their way.
template <class S, int kTokens>
__device__ __forceinline__ void load_activations(const LinearTask& task, const Work& work, int begin, int end,
                                                 uint32_t ring, uint32_t full, uint32_t empty) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int kBatch = S::kBatch;  // loads at once: four tokens each
  const int lane = threadIdx.x % 32;
  const int warp = (threadIdx.x - kRowThreads) / 32;
  const int token = lane / 8;  // 0..3
  const int vector = lane % 8;
  uint32_t places[4];
#pragma unroll
  for (int word = 0; word < 4; ++word) places[word] = ring + panel_position(token, vector, word);
  const size_t round_bytes = static_cast<size_t>(task.in_stride) * 8;
  for (int index = warp < S::kLoaders ? begin + warp : end; index < end; index += S::kLoaders) {
    const Place place(index, work.steps, work.token_tiles);
    const int slot = (index - begin) % S::kTokenStages;
    const int col = place.step * kStepCols + vector * 8;
    int tokens_left = task.tokens - place.token_tile * kTokens - token;
    const char* from = static_cast<const char*>(task.in) +
                       (static_cast<size_t>(place.token_tile * kTokens + token) * task.in_stride + col) * 2;
    uint32_t at = slot * S::kTokenBytes;
#pragma unroll 1
    for (int first = 0; first < kTokens / 4 * kPanels; first += kBatch) {
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

/// A lane's weights of 16 rows in one step, and their factors: taken out of the ring at once, or, where registers are
/// short, piece by piece.
template <class T, class S, int kScales, bool kAtOnce>
struct RowWeights {
  uint32_t vectors_at, factors_at;
  uint4 vectors[kAtOnce ? S::kVectors : 1];
  Factors<T> factors;

  __device__ __forceinline__ RowWeights(uint32_t vectors_from, uint32_t factors_from)
      : vectors_at(vectors_from),
        factors_at(factors_from),
        factors(kAtOnce && kScales == 1 ? load_shared4(factors_from) : 0) {
    if constexpr (kAtOnce) {
#pragma unroll
      for (int v = 0; v < S::kVectors; ++v) vectors[v] = load_shared16(vectors_at + v * 512);
    }
  }
  /// Fragments [first, first + kCount) of eight, 16 columns each.
  template <int kCount>
  __device__ __forceinline__ void find(int first, uint32_t (&a)[kCount][4]) {
#pragma unroll
    for (int f = 0; f < kCount; f += 2) {
      const int block = (first + f) / 2;  // of 32 columns
      if constexpr (S::kInt8) {
        const uint4 v = kAtOnce ? vectors[kAtOnce ? block : 0] : load_shared16(vectors_at + block * 512);
        a[f][0] = int8_pair<false>(v.x, T{}), a[f][1] = int8_pair<false>(v.y, T{});
        a[f][2] = int8_pair<true>(v.x, T{}), a[f][3] = int8_pair<true>(v.y, T{});
        a[f + 1][0] = int8_pair<false>(v.z, T{}), a[f + 1][1] = int8_pair<false>(v.w, T{});
        a[f + 1][2] = int8_pair<true>(v.z, T{}), a[f + 1][3] = int8_pair<true>(v.w, T{});
      } else {
        uint2 v;
        if constexpr (kAtOnce) {
          const uint4 both = vectors[block / 2];
          v = block % 2 ? make_uint2(both.z, both.w) : make_uint2(both.x, both.y);
        } else {
          v = load_shared8(vectors_at + block / 2 * 512 + block % 2 * 8);
        }
        if (!kAtOnce || kScales == 4) factors = Factors<T>(load_shared4(factors_at + (kScales == 4 ? block * 128 : 0)));
        factors.fragment(v.x, a[f]);
        factors.fragment(v.y, a[f + 1]);
      }
    }
  }
};

/// Products of fragments [first, first + kCount) of a step, started; `tokens` describes its activations.
template <class T, int kTokens, int kCount>
__device__ __forceinline__ void start_products(float (&sums)[kTokens / 8][4], uint32_t (&a)[kCount][4], int first,
                                               uint32_t tokens) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#pragma unroll
  for (int i = 0; i < kCount * 4; ++i) asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
  fence_products();
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    TokenProduct<T, kTokens>::add(sums, a[i], tokens + first / 4 * (kTokens * 8) + (first % 4 + i) * 2);
  }
  commit_products();
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
template <class T, class S, int kScales, int kTokens, int kHalves>
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
      RowWeights<T, S, kScales, kHalves == 1> weights(weight_ring + slot, factor_ring + slot);
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
        start_products<T, kTokens>(sums[half], a, first, ring_tokens + token_slot * (S::kTokenBytes / 16));
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
__global__ void __launch_bounds__(kThreads, (Step<kPacking, kScales, kTokens, kHalves>::kBlocks))
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
      make_barrier(rings.full + i * 8, 1);
      make_barrier(rings.empty + i * 8, kRowWarps);
    }
  }
  __syncthreads();
  if (threadIdx.x >= kRowThreads) {
    if constexpr (kHalves == 2) set_registers<80, false>();
    wait_for_inputs();
    load_activations<S, kTokens>(task, work, begin, end, rings.tokens, rings.full, rings.empty);
  } else {
    if constexpr (kHalves == 2) set_registers<208, true>();
    multiply_rows<T, S, kScales, kTokens, kHalves>(task, work, begin, end, rings);
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
Kernel choose_tokens(int tokens) {
  if (tokens <= 16) return kernel_of<T, kPacking, kScales, 16, 1>();
  if (tokens <= 32) return kernel_of<T, kPacking, kScales, 32, 1>();
  if (tokens <= 64) return kernel_of<T, kPacking, kScales, 64, 1>();
  return tokens <= 128 ? kernel_of<T, kPacking, kScales, 128, 1>() : kernel_of<T, kPacking, kScales, 128, 2>();
}
template <class T>
Kernel choose_kernel(const LinearTask& task) {
  if (task.weight.packing == Packing::int8_rows) return choose_tokens<T, Packing::int8_rows, 0>(task.tokens);
  return task.weight.step_scales <= 1 ? choose_tokens<T, Packing::int4_groups, 1>(task.tokens)
                                      : choose_tokens<T, Packing::int4_groups, 4>(task.tokens);
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
  const Kernel kernel = choose_kernel(task, context);
  return static_cast<size_t>(blocks_for(work_of(task, kernel), context.multiprocessors)) * 2 *
         static_cast<size_t>(kernel.rows * kernel.tokens) * sizeof(float);
}

void mixed_gemm_hopper(const LinearTask& task, std::byte* scratch, Context& context) {
  const Kernel kernel = choose_kernel(task, context);
  Work work = work_of(task, kernel);
  work.memory = reinterpret_cast<float*>(scratch);
  check(cudaFuncSetAttribute(kernel.run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(kernel.shared_bytes)),
        "giving a kernel its shared memory");
  launch(context, kernel.run, blocks_for(work, context.multiprocessors), kThreads, kernel.shared_bytes, task, work);
}

}  // namespace flightdeck::cuda
