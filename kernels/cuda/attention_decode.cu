// Attention of single query tokens: memory-bound, so every key and value is read once for all the query heads that
// share it. A block takes one kv head of one sequence and one of the parts its keys are cut into (Flash-Decoding, Dao
// et al. 2023); the last block to finish merges the parts. Each warp runs alone through every fourth tile of 16 keys
// with its own ring of asynchronous copies: no barrier until the end.
// Scores are computed transposed, keys x queries: the query heads are the narrow side (8) of the tensor cores' product,
// so that multi-head attention (one query a kv head) wastes 7 columns and not 15 rows.
#include <algorithm>
#include <cmath>

#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/attention_rope.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

constexpr int kTile = 16;                         // keys of a warp's step
constexpr int kStride = kTile * kAttentionWarps;  // keys of a block's step
constexpr int kFewestKeys = 256;                  // of a part: below, merging costs more than it gains
constexpr int kMostParts = 64;
constexpr float kSlack = 8;  // the reference score lags behind the largest by at most 2^8: weights stay in float16

/// Counts the finished parts of one kv head of one sequence; every launch leaves zeros behind.
struct Merging {
  float* sums = nullptr;         // [unit, part, rows, kD]
  float2* stats = nullptr;       // [unit, part, rows] reference score, total weight
  uint32_t* counters = nullptr;  // [unit]
  int parts = 1;                 // room for so many of a unit
  int cuts = 1;    // parts that the keys are cut into at most; more than `parts` where shorter sequences need fewer
  int chunks = 1;  // of a kv head's query heads
};

/// Stages of a warp's ring: what 96 KiB hold, so that two blocks share a multiprocessor (one from 256 columns on).
template <int kD>
constexpr int kUsualStages = kD == 64    ? 6
                             : kD == 128 ? 3
                                         : 2;

template <int kD, int kQ, int kRing>
struct DecodeShape {
  static constexpr int kRows = 8 * kQ;
  static constexpr int kRowBytes = kD * 2;
  static constexpr int kStageBytes = 2 * kTile * kRowBytes;  // keys, then values
  static constexpr int kStages = kRing;
  static constexpr int kWarpBytes = kStages * kStageBytes;
  static constexpr int kSharedBytes = kAttentionWarps * kWarpBytes;
  static_assert(kSharedBytes >= kAttentionWarps * kRows * (kD + 2) * 4, "the warps' results reuse the rings");
  static_assert(kSharedBytes >= kMostParts * kRows * 4, "the parts' weights reuse them too");
};

/// The keys one block is responsible for: positions [first, end), tiles counted from `begin`, a multiple of kTile.
struct KeyRange {
  int begin;
  int first;
  int end;
  int parts;  // that have any keys
};

__host__ __device__ inline KeyRange key_range(int length, int window, int part, int parts) {
  const int first = window > 0 && length > window ? length - window : 0;
  const int begin = first & ~(kTile - 1);
  const int span = length - begin;
  int keys = (span + parts - 1) / parts;
  keys = keys < kFewestKeys ? kFewestKeys : (keys + kStride - 1) / kStride * kStride;
  if (parts == 1) keys = span;
  const int used = (span + keys - 1) / keys;
  const int from = begin + part * keys;
  const int to = from + keys < length ? from + keys : length;
  return {from, first, part < used ? to : from, used};
}

/// One warp's online softmax over its tiles. Lane = 4 g + t holds, of each 8 query rows, rows 2t and 2t + 1.
template <int kD, int kQ>
struct WarpState {
  float sums[kQ][kD / 16][4];  // transposed: columns 16 i + g (+ 8) of rows 2t, 2t + 1
  float largest[kQ][2];
  float total[kQ][2];  // of this lane's keys
};

template <int kD, int kQ, int kRing>
class WarpTiles {
  using Shape = DecodeShape<kD, kQ, kRing>;

 public:
  __device__ WarpTiles(const AttentionParams& params, const int32_t* block_table, int kv, const KeyRange& keys,
                       unsigned char* memory)
      : p(params), table(block_table), kv_head(kv), range(keys), lane(threadIdx.x % 32), warp(threadIdx.x / 32) {
    ring = shared_address(memory) + warp * Shape::kWarpBytes;
    const int left = range.end - range.begin - warp * kTile;
    tiles = left > 0 ? (left + kStride - 1) / kStride : 0;
    whole_tiles = p.block_shift >= 4;
  }

  __device__ int position_of(int tile) const { return range.begin + tile * kStride + warp * kTile; }

  /// Starts filling the ring; the place of the key at `own` is left alone, for who writes it himself (place_of).
  __device__ __forceinline__ void fill(int own = -1) {
    for (int tile = 0; tile < kRing; ++tile) fetch(tile, own);
  }

  /// Where the key (`value`: 0) or value (1) at `position`, one of the block's, lies in the rings.
  __device__ __forceinline__ __half* place_of(int position, int column, int value, unsigned char* memory) const {
    const int at = position - range.begin, turn = at / kStride, owner = at % kStride / kTile, row = at % kTile;
    unsigned char* stage = memory + owner * Shape::kWarpBytes + turn % Shape::kStages * Shape::kStageBytes;
    const int byte = value * kTile * Shape::kRowBytes + swizzled(row, column / 8, Shape::kRowBytes) + column % 8 * 2;
    return reinterpret_cast<__half*>(stage + byte);
  }
  __device__ __forceinline__ bool in_ring(int position) const { return (position - range.begin) / kStride < kRing; }

  /// Starts the copies of a tile, one group whether there is such a tile or not.
  __device__ __forceinline__ void fetch(int tile, int own = -1) {
    if (whole_tiles && tile % 32 == 0) {  // one lane's entry for each of the next 32 tiles: a tile lies in one block
      const int position = position_of(tile + lane);
      entry = position < range.end ? table[position >> p.block_shift] : 0;
    }
    const int block = __shfl_sync(~0u, entry, tile % 32);
    if (tile < tiles) {
      constexpr int kChunks = kD / 8, kRowsAtOnce = 32 / kChunks;
      const int position = position_of(tile), row = lane / kChunks, chunk = lane % kChunks;
      const bool exists = chunk * 8 < p.head_dim;
      const uint32_t stage = ring + (tile % Shape::kStages) * Shape::kStageBytes;
      const size_t slot = ((static_cast<size_t>(block) * p.kv_heads + kv_head) << p.block_shift) +
                          (position & (p.block_size - 1)) + row;
      size_t at = slot * p.head_dim + (exists ? chunk * 8 : 0);
#pragma unroll
      for (int i = 0; i < kTile / kRowsAtOnce; ++i) {
        const int key = position + row + i * kRowsAtOnce;
        const bool valid = exists && key >= range.first && key < range.end;
        if (!whole_tiles) at = valid ? cache_row(p, table, key, kv_head) + chunk * 8 : 0;
        const uint32_t to = stage + swizzled(row + i * kRowsAtOnce, chunk, Shape::kRowBytes);
        if (key != own || !exists) {
          copy_async(to, p.keys + at, valid);
          copy_async(to + kTile * Shape::kRowBytes, p.values + at, valid);
        }
        at += kRowsAtOnce * p.head_dim;
      }
    }
    commit_copies();
  }

  /// Queries as the right-hand side of keys x queries: [row tile][16 columns][halves of the columns].
  __device__ __forceinline__ void load_queries(int token, int first_head, int rows) {
    const int t = lane % 4;
#pragma unroll
    for (int q = 0; q < kQ; ++q) {
      const int row = q * 8 + lane / 4;
      const uint16_t* from = query_row(p, token, first_head + row);
#pragma unroll
      for (int i = 0; i < kD / 8; ++i) {
        const int column = i * 8 + 2 * t;
        uint32_t pair = 0;
        if (row < rows && i * 8 < p.head_dim) {
          pair = p.rope_table ? rotated_pair(p, from, column, last_position)
                              : *reinterpret_cast<const uint32_t*>(from + column);
        }
        queries[q][i / 2][i % 2] = query_pair(p, pair);
      }
      for (int j = 0; j < 2; ++j) {
        const int head = q * 8 + 2 * t + j;
        slopes[q][j] = p.alibi_slopes && head < rows ? p.alibi_slopes[first_head + head] * kLog2E : 0.0f;
      }
    }
  }

  /// scores[q]: keys g, g, g + 8, g + 8 of rows 2t, 2t + 1, 2t, 2t + 1.
  __device__ __forceinline__ void score(uint32_t stage, float (&scores)[kQ][4]) const {
    float halves[kQ][2][4] = {};  // two chains: the products of one chain wait for each other
    const int row = ((lane >> 3) & 1) * 8 + (lane & 7);
    const uint32_t from = stage + swizzled(row, lane >> 4, Shape::kRowBytes);
#pragma unroll
    for (int i = 0; i < kD / 16; ++i) {
      uint32_t keys[4];
      load_matrices(keys, from ^ (i << 5));
#pragma unroll
      for (int q = 0; q < kQ; ++q) multiply_add(halves[q][i % 2], keys, queries[q][i][0], queries[q][i][1]);
    }
    for (int q = 0; q < kQ; ++q) {
      for (int i = 0; i < 4; ++i) scores[q][i] = halves[q][0][i] + halves[q][1][i];
    }
  }

  /// Raw products become log2 scores, -inf where nobody looks.
  __device__ __forceinline__ void finish_scores(int tile, float (&scores)[kQ][4]) const {
    const int key = position_of(tile) + lane / 4;
    const bool edge = position_of(tile) < range.first || position_of(tile) + kTile > range.end;
    const bool general = p.general();
#pragma unroll
    for (int q = 0; q < kQ; ++q) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int position = key + (i / 2) * 8;
        float& x = scores[q][i];
        x = general ? log2_score(p, x, slopes[q][i % 2], position - last_position) : x * p.score_factor;
        if (edge && (position < range.first || position >= range.end)) x = -INFINITY;
      }
    }
  }

  /// Scores become weights relative to the running reference; sums so far follow when the reference moves.
  __device__ __forceinline__ void soften(float (&scores)[kQ][4], WarpState<kD, kQ>& state) const {
    bool moved = false;
    float shrink[kQ][2];
#pragma unroll
    for (int q = 0; q < kQ; ++q) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        float largest = fmaxf(scores[q][j], scores[q][j + 2]);
        for (int mask = 4; mask <= 16; mask <<= 1) largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, mask));
        const float before = state.largest[q][j];
        const float now = largest > before + kSlack ? largest : before;
        shrink[q][j] = now == before ? 1.0f : exp2_fast(before - now);
        moved |= now != before;
        state.largest[q][j] = now;
        const float a = exp2_fast(scores[q][j] - now), b = exp2_fast(scores[q][j + 2] - now);
        state.total[q][j] = state.total[q][j] * shrink[q][j] + (a + b);
        scores[q][j] = a;
        scores[q][j + 2] = b;
      }
    }
    if (!__any_sync(~0u, moved)) return;
#pragma unroll
    for (int q = 0; q < kQ; ++q) {
      for (int i = 0; i < kD / 16; ++i) {
        for (int j = 0; j < 4; ++j) state.sums[q][i][j] *= shrink[q][j % 2];
      }
    }
  }

  /// sums += valuesᵀ · weights.
  __device__ __forceinline__ void weigh(uint32_t stage, const float (&weights)[kQ][4], WarpState<kD, kQ>& state) const {
    uint32_t turned[kQ][2];
    for (int q = 0; q < kQ; ++q) {
      turned[q][0] = transpose_matrix(pack_halves(weights[q][0], weights[q][1]));
      turned[q][1] = transpose_matrix(pack_halves(weights[q][2], weights[q][3]));
    }
    const int row = (lane >> 4) * 8 + (lane & 7);
    const uint32_t from = stage + kTile * Shape::kRowBytes + swizzled(row, (lane >> 3) & 1, Shape::kRowBytes);
#pragma unroll
    for (int i = 0; i < kD / 16; ++i) {
      uint32_t values[4];
      load_matrices_transposed(values, from ^ (i << 5));
#pragma unroll
      for (int q = 0; q < kQ; ++q) multiply_add(state.sums[q][i], values, turned[q][0], turned[q][1]);
    }
  }

  __device__ __forceinline__ void run(WarpState<kD, kQ>& state) {
    for (int tile = 0; tile < tiles; ++tile) {
      wait_copies<Shape::kStages - 1>();
      __syncwarp();
      const uint32_t stage = ring + (tile % Shape::kStages) * Shape::kStageBytes;
      float scores[kQ][4];
      score(stage, scores);
      finish_scores(tile, scores);
      soften(scores, state);
      weigh(stage, scores, state);
      __syncwarp();  // all lanes have read the stage
      fetch(tile + Shape::kStages);
    }
    wait_copies<0>();
    for (int q = 0; q < kQ; ++q) {
      for (int j = 0; j < 2; ++j) {
        for (int mask = 4; mask <= 16; mask <<= 1) {
          state.total[q][j] += __shfl_xor_sync(~0u, state.total[q][j], mask);
        }
      }
    }
  }

  int last_position = 0;  // the query's own

 private:
  const AttentionParams& p;
  const int32_t* table;
  const int kv_head;
  const KeyRange range;
  const int lane;
  const int warp;
  uint32_t ring;
  int tiles;
  bool whole_tiles;  // a tile of 16 keys lies in one block
  int entry = 0;
  uint32_t queries[kQ][kD / 16][2];
  float slopes[kQ][2];
};

/// The warps' results side by side in shared memory.
template <int kD, int kQ>
struct WarpResults {
  static constexpr int kRows = 8 * kQ;
  float* sums;    // [warp, row, kD]
  float2* stats;  // [warp, row]

  __device__ explicit WarpResults(unsigned char* memory)
      : sums(reinterpret_cast<float*>(memory)), stats(reinterpret_cast<float2*>(sums + kAttentionWarps * kRows * kD)) {}

  __device__ __forceinline__ void put(const WarpState<kD, kQ>& state, int rows) const {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
#pragma unroll
    for (int q = 0; q < kQ; ++q) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const int row = q * 8 + 2 * t + j;
        if (row >= rows) continue;
        float* to = sums + (warp * kRows + row) * kD;
#pragma unroll
        for (int i = 0; i < kD / 16; ++i) {
          to[i * 16 + g] = state.sums[q][i][j];
          to[i * 16 + g + 8] = state.sums[q][i][j + 2];
        }
        if (g == 0) stats[warp * kRows + row] = make_float2(state.largest[q][j], state.total[q][j]);
      }
    }
  }

  /// Four neighbouring columns of one row over all warps; reference score and total weight beside them.
  __device__ __forceinline__ float4 merged(int row, int column, float2& stat) const {
    float largest = -INFINITY;
    for (int w = 0; w < kAttentionWarps; ++w) largest = fmaxf(largest, stats[w * kRows + row].x);
    float4 sum = {};
    float total = 0;
#pragma unroll
    for (int w = 0; w < kAttentionWarps; ++w) {
      const float2 part = stats[w * kRows + row];
      const float weight = exp2_fast(part.x - largest);
      const float4 x = *reinterpret_cast<const float4*>(sums + (w * kRows + row) * kD + column);
      total = fmaf(weight, part.y, total);
      sum.x = fmaf(weight, x.x, sum.x);
      sum.y = fmaf(weight, x.y, sum.y);
      sum.z = fmaf(weight, x.z, sum.z);
      sum.w = fmaf(weight, x.w, sum.w);
    }
    stat = make_float2(largest, total);
    return sum;
  }
};

__device__ __forceinline__ void store_result(const AttentionParams& p, int token, int head, int column, float4 sum,
                                             float total) {
  if (column >= p.head_dim) return;
  const float inverse = 1.0f / total;
  const uint2 four =
      make_uint2(result_pair(p, sum.x * inverse, sum.y * inverse), result_pair(p, sum.z * inverse, sum.w * inverse));
  *reinterpret_cast<uint2*>(result_row(p, token, head) + column) = four;
}

/// The last block of a unit: weights the parts by their reference scores and adds them up.
template <int kD, int kQ>
__device__ void merge_parts(const AttentionParams& p, const Merging& merging, unsigned unit, int parts, int token,
                            int first_head, int rows, float* weights) {
  constexpr int kRows = 8 * kQ;
  const float2* stats = merging.stats + static_cast<size_t>(unit) * merging.parts * kRows;
  const float* sums = merging.sums + static_cast<size_t>(unit) * merging.parts * kRows * kD;
  for (int row = threadIdx.x; row < rows; row += kAttentionThreads) {
    float largest = -INFINITY, total = 0;
    for (int i = 0; i < parts; ++i) largest = fmaxf(largest, __ldcg(stats + i * kRows + row).x);
    for (int i = 0; i < parts; ++i) {
      const float2 part = __ldcg(stats + i * kRows + row);
      const float weight = exp2_fast(part.x - largest);
      weights[i * kRows + row] = weight;
      total = fmaf(weight, part.y, total);
    }
    for (int i = 0; i < parts; ++i) weights[i * kRows + row] /= total;
  }
  __syncthreads();
  for (int index = threadIdx.x * 4; index < rows * kD; index += kAttentionThreads * 4) {
    const int row = index / kD, column = index % kD;
    float4 sum = {};
#pragma unroll 8
    for (int i = 0; i < parts; ++i) {
      const float weight = weights[i * kRows + row];
      const float4 x = __ldcg(reinterpret_cast<const float4*>(sums + (i * kRows + row) * kD + column));
      sum.x = fmaf(weight, x.x, sum.x);
      sum.y = fmaf(weight, x.y, sum.y);
      sum.z = fmaf(weight, x.z, sum.z);
      sum.w = fmaf(weight, x.w, sum.w);
    }
    store_result(p, token, first_head + row, column, sum, 1.0f);
  }
}

/// Grid: parts, kv heads x chunks of the group, sequences.
template <int kD, int kQ, int kRing>
__global__ void __launch_bounds__(kAttentionThreads, kD == 256 ? 1 : 2)
    decode_kernel(const __grid_constant__ AttentionParams p, const __grid_constant__ Merging merging) {
  constexpr int kRows = 8 * kQ;
  extern __shared__ __align__(1024) unsigned char memory[];
  __shared__ bool merges;
  let_next_start();
  if (!p.rope_table) wait_for_inputs();
  const int sequence = blockIdx.z, kv_head = blockIdx.y / merging.chunks, chunk = blockIdx.y % merging.chunks;
  int token = sequence;
  if (!p.one_token_each) {
    token = p.query_offsets[sequence];
    if (p.query_offsets[sequence + 1] - token != 1) return;
  }
  const int last_position = p.positions[token];
  const KeyRange range = key_range(last_position + 1, p.window, blockIdx.x, merging.cuts);
  if (range.begin >= range.end) return;
  const int first_head = kv_head * p.group + chunk * kRows, rows = min(kRows, p.group - chunk * kRows);

  const int32_t* table = p.block_tables + static_cast<size_t>(sequence) * p.max_blocks;
  WarpTiles<kD, kQ, kRing> tiles(p, table, kv_head, range, memory);
  tiles.last_position = last_position;
  if (p.rope_table) {
    // Positions, block tables and all keys but the newest were there before the step began: they do not wait for it.
    const bool newest = range.end == last_position + 1, in_ring = newest && tiles.in_ring(last_position);
    if (in_ring || !newest) tiles.fill(last_position);
    const size_t place = cache_row(p, table, last_position, kv_head);
    wait_for_inputs();
    const NewestKey<kD> key(p, token, kv_head, last_position);
    tiles.load_queries(token, first_head, rows);
    if (newest) {
      key.write(place, [&](int column, int value, __half number) {
        if (in_ring) *tiles.place_of(last_position, column, value, memory) = number;
      });
    }
    if (newest && !in_ring) {
      __threadfence();  // the copies read L2
      __syncthreads();
      tiles.fill();
    } else {
      __syncthreads();
    }
  } else {
    tiles.fill();
    tiles.load_queries(token, first_head, rows);
  }
  WarpState<kD, kQ> state = {};
  for (int q = 0; q < kQ; ++q) state.largest[q][0] = state.largest[q][1] = -INFINITY;
  tiles.run(state);
  __syncthreads();  // the rings become the results
  const WarpResults<kD, kQ> results(memory);
  results.put(state, rows);
  __syncthreads();

  const unsigned unit = blockIdx.z * gridDim.y + blockIdx.y;
  const size_t slot = static_cast<size_t>(unit) * merging.parts + blockIdx.x;
  for (int index = threadIdx.x * 4; index < rows * kD; index += kAttentionThreads * 4) {
    const int row = index / kD, column = index % kD;
    float2 stat;
    const float4 sum = results.merged(row, column, stat);
    if (range.parts == 1) {
      store_result(p, token, first_head + row, column, sum, stat.y);
    } else {
      *reinterpret_cast<float4*>(merging.sums + (slot * kRows + row) * kD + column) = sum;
      if (column == 0) merging.stats[slot * kRows + row] = stat;
    }
  }
  if (range.parts == 1) return;

  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) merges = atomicAdd(merging.counters + unit, 1u) + 1 == static_cast<unsigned>(range.parts);
  __syncthreads();
  if (!merges) return;
  __threadfence();
  if (threadIdx.x == 0) merging.counters[unit] = 0;
  merge_parts<kD, kQ>(p, merging, unit, range.parts, token, first_head, rows, reinterpret_cast<float*>(memory));
}

template <int kD, int kQ, int kRing = kUsualStages<kD>>
void launch_decode(const AttentionParams& p, Context& context, int parts, int cuts) {
  using Shape = DecodeShape<kD, kQ, kRing>;
  Merging merging;
  merging.parts = parts;
  merging.cuts = cuts;
  merging.chunks = (p.group + Shape::kRows - 1) / Shape::kRows;
  const size_t units = static_cast<size_t>(p.sequences) * p.kv_heads * merging.chunks;
  if (parts > 1) {
    const size_t rows = units * parts * Shape::kRows;
    std::byte* scratch = context.scratch(rows * kD * sizeof(float) + rows * sizeof(float2));
    merging.sums = reinterpret_cast<float*>(scratch);
    merging.stats = reinterpret_cast<float2*>(scratch + rows * kD * sizeof(float));
    merging.counters = context.counters();
  }
  const auto kernel = decode_kernel<kD, kQ, kRing>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Shape::kSharedBytes),
        "preparing attention");
  launch(context, kernel, dim3(parts, p.kv_heads * merging.chunks, p.sequences), kAttentionThreads, Shape::kSharedBytes,
         p, merging);
}

template <int kD>
void launch_decode(const AttentionParams& p, Context& context, int parts, int cuts) {
  return p.group <= 8 ? launch_decode<kD, 1>(p, context, parts, cuts) : launch_decode<kD, 2>(p, context, parts, cuts);
}

/// The keys are cut into `cuts` parts at most, of which no sequence of the batch has more than `parts`.
void launch_decode(const AttentionParams& p, Context& context, int parts, int cuts) {
  if (p.head_dim <= 64) return launch_decode<64>(p, context, parts, cuts);
  if (p.head_dim <= 128) return launch_decode<128>(p, context, parts, cuts);
  launch_decode<256>(p, context, parts, cuts);
}

int units_of(const AttentionParams& p) {
  const int rows = p.group <= 8 ? 8 : 16;
  return p.sequences * p.kv_heads * ((p.group + rows - 1) / rows);
}

}  // namespace

int decode_splits(const AttentionParams& params, int multiprocessors) {
  const long long bound = 1LL * params.max_blocks * params.block_size;
  const long long keys = params.window > 0 ? std::min<long long>(bound, params.window + kTile) : bound;
  if (keys <= 2 * kFewestKeys) return 1;
  const int resident = multiprocessors * (params.head_dim > 128 ? 1 : 2);
  const long long wanted = std::min<long long>(resident / std::max(1, units_of(params)), keys / kFewestKeys);
  return static_cast<int>(std::max(1LL, std::min<long long>(wanted, kMostParts)));
}

void attention_decode(const AttentionParams& params, Context& context, int splits) {
  int parts = splits > 0 ? std::min(splits, kMostParts) : decode_splits(params, context.multiprocessors);
  if (static_cast<size_t>(units_of(params)) > Context::kCounters) parts = 1;
  launch_decode(params, context, parts, parts);
}

/// A part is kFewestKeys keys, or what cuts the sequence into kMostParts.
void attention_decode_alike(const AttentionParams& params, Context& context) {
  const int units = units_of(params) / params.sequences;
  const int most = static_cast<int>(Context::kCounters) / units;
  if (most == 0) return launch_decode(params, context, 1, 1);  // of the model, whatever the batch is
  const long long bound = 1LL * params.max_blocks * params.block_size;
  const int parts = static_cast<int>(std::clamp<long long>((bound + kFewestKeys - 1) / kFewestKeys, 1, kMostParts));
  for (int first = 0; first < params.sequences; first += most) {
    AttentionParams p = params;
    p.sequences = std::min(most, params.sequences - first);
    p.block_tables += static_cast<size_t>(first) * static_cast<size_t>(p.max_blocks);
    if (p.one_token_each) {
      p.tokens = p.sequences;
      p.positions += first;
      p.q = static_cast<const uint16_t*>(p.q) + static_cast<size_t>(first) * static_cast<size_t>(p.q_stride);
      p.out = static_cast<uint16_t*>(p.out) + static_cast<size_t>(first) * static_cast<size_t>(p.out_stride);
    } else {
      p.query_offsets += first;
    }
    launch_decode(p, context, parts, kMostParts);
  }
}

}  // namespace flightdeck::cuda
