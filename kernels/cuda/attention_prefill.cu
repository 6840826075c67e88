// Attention of prompts and prompt chunks: FlashAttention-2 (Dao 2023, 2307.08691) out of the paged cache. A block takes
// up to 128 consecutive query tokens of one head and walks the keys they see in tiles, double-buffered by asynchronous
// copies; each warp owns 16 or 32 query rows from the scores to the result, so softmax needs no exchange among warps.
#include <cmath>

#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/attention_rows.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

/// kM: 16-row tiles of a warp: two share every load of keys and values, as far as registers reach.
template <int kD, int kM, int kKeys>
struct PrefillShape {
  static constexpr int kRows = kAttentionWarps * kM * 16;
  static constexpr int kRowBytes = kD * 2;
  static constexpr int kQueryBytes = kRows * kRowBytes;
  static constexpr int kTileBytes = kKeys * kRowBytes;
  static constexpr int kSharedBytes = kQueryBytes + 4 * kTileBytes;  // two buffers of keys and of values
};

/// Copies a block's query rows into shared memory as halves; rows and columns that do not exist become zeros.
template <int kD, int kRows>
__device__ __forceinline__ void stage_queries(const AttentionParams& p, const QueryTile& tile, int head,
                                              unsigned char* queries) {
  constexpr int kChunks = kD / 8;
  for (int index = threadIdx.x; index < kRows * kChunks; index += kAttentionThreads) {
    const int row = index / kChunks, chunk = index % kChunks;
    uint4 eight = {};
    if (row < tile.rows && chunk * 8 < p.head_dim) {
      eight = *reinterpret_cast<const uint4*>(query_row(p, tile.token + row, head) + chunk * 8);
      eight.x = query_pair(p, eight.x);
      eight.y = query_pair(p, eight.y);
      eight.z = query_pair(p, eight.z);
      eight.w = query_pair(p, eight.w);
    }
    *reinterpret_cast<uint4*>(queries + swizzled(row, chunk, kD * 2)) = eight;
  }
}

/// Starts the copies of one tile of keys and values, positions outside [first, end) as zeros: what lies there may be
/// another sequence's, and 0 * NaN is NaN.
template <int kD, int kKeys>
__device__ __forceinline__ void fetch_tile(const AttentionParams& p, const int32_t* table, int kv_head, int begin,
                                           int first, int end, uint32_t keys, uint32_t values) {
  constexpr int kChunks = kD / 8, kRowsAtOnce = kAttentionThreads / kChunks;
  const int chunk = threadIdx.x % kChunks, top = threadIdx.x / kChunks;
  size_t at[kKeys / kRowsAtOnce];  // all looked up before the first copy: the look-ups wait together
#pragma unroll
  for (int i = 0; i < kKeys / kRowsAtOnce; ++i) {
    const int position = begin + top + i * kRowsAtOnce;
    const bool valid = position >= first && position < end && chunk * 8 < p.head_dim;
    at[i] = valid ? cache_row(p, table, position, kv_head) + chunk * 8 : SIZE_MAX;
  }
#pragma unroll
  for (int i = 0; i < kKeys / kRowsAtOnce; ++i) {
    const bool valid = at[i] != SIZE_MAX;
    const size_t from = valid ? at[i] : 0;
    const uint32_t to = swizzled(top + i * kRowsAtOnce, chunk, kD * 2);
    copy_async(keys + to, p.keys + from, valid);
    copy_async(values + to, p.values + from, valid);
  }
  commit_copies();
}

/// One warp's rows: products by mma.sync. Layouts as in QueryRows.
template <int kD, int kM, int kKeys, bool kGeneral>
struct WarpRows : QueryRows<kD, kM, kKeys, kGeneral> {
  using QueryRows<kD, kM, kKeys, kGeneral>::sums;

  /// scores = queries · keysᵀ, not scaled.
  __device__ __forceinline__ void score(uint32_t queries, uint32_t keys, float (&scores)[kM][kKeys / 8][4]) const {
    const int lane = threadIdx.x % 32, half = (lane >> 3) & 1, low = lane & 7;
    const uint32_t query_at = queries + swizzled(half * 8 + low, lane >> 4, kD * 2);
    const uint32_t key_at = keys + swizzled((lane >> 4) * 8 + low, half, kD * 2);
#pragma unroll
    for (int i = 0; i < kD / 16; ++i) {
      uint32_t a[kM][4];
#pragma unroll
      for (int m = 0; m < kM; ++m) load_matrices(a[m], (query_at ^ (i << 5)) + m * 16 * kD * 2);
#pragma unroll
      for (int n = 0; n < kKeys / 16; ++n) {
        uint32_t b[4];
        load_matrices(b, (key_at ^ (i << 5)) + n * 16 * kD * 2);
#pragma unroll
        for (int m = 0; m < kM; ++m) {
          multiply_add(scores[m][2 * n], a[m], b[0], b[1]);
          multiply_add(scores[m][2 * n + 1], a[m], b[2], b[3]);
        }
      }
    }
  }

  /// sums += weights · values.
  __device__ __forceinline__ void weigh(uint32_t values, const float (&weights)[kM][kKeys / 8][4]) {
    const int lane = threadIdx.x % 32;
    const uint32_t value_at = values + swizzled(((lane >> 3) & 1) * 8 + (lane & 7), lane >> 4, kD * 2);
#pragma unroll
    for (int k = 0; k < kKeys / 16; ++k) {
      uint32_t a[kM][4];
#pragma unroll
      for (int m = 0; m < kM; ++m) {
        for (int j = 0; j < 4; ++j) {
          const float(&pair)[4] = weights[m][2 * k + j / 2];
          a[m][j] = pack_halves(pair[(j % 2) * 2], pair[(j % 2) * 2 + 1]);
        }
      }
#pragma unroll
      for (int n = 0; n < kD / 16; ++n) {
        uint32_t b[4];
        load_matrices_transposed(b, (value_at ^ (n << 5)) + k * 16 * kD * 2);
#pragma unroll
        for (int m = 0; m < kM; ++m) {
          multiply_add(sums[m][2 * n], a[m], b[0], b[1]);
          multiply_add(sums[m][2 * n + 1], a[m], b[2], b[3]);
        }
      }
    }
  }
};

/// Grid: heads, an upper bound of the query tiles.
template <int kD, int kM, int kKeys, bool kGeneral>
__global__ void __launch_bounds__(kAttentionThreads, 2) prefill_kernel(const __grid_constant__ AttentionParams p) {
  using Shape = PrefillShape<kD, kM, kKeys>;
  extern __shared__ __align__(1024) unsigned char memory[];
  let_next_start();
  wait_for_inputs();
  const QueryTile tile = find_tile(p, blockIdx.y, Shape::kRows);
  if (tile.sequence < 0) return;
  const int head = blockIdx.x, kv_head = head / p.group, warp = threadIdx.x / 32;
  const int32_t* table = p.block_tables + static_cast<size_t>(tile.sequence) * p.max_blocks;
  const int position = p.positions[tile.token - tile.before] + tile.before;
  const int first = p.window > 0 ? max(0, position - p.window + 1) : 0, end = position + tile.rows;

  const uint32_t queries = shared_address(memory), buffers = queries + Shape::kQueryBytes;
  int begin = first / kKeys * kKeys;
  fetch_tile<kD, kKeys>(p, table, kv_head, begin, first, end, buffers, buffers + Shape::kTileBytes);
  stage_queries<kD, Shape::kRows>(p, tile, head, memory);

  WarpRows<kD, kM, kKeys, kGeneral> rows;
  const int warp_row = warp * kM * 16, warp_rows = min(kM * 16, tile.rows - warp_row);
  rows.first_row = position + warp_row;
  rows.slope = kGeneral && p.alibi_slopes ? p.alibi_slopes[head] * kLog2E : 0.0f;
  for (int m = 0; m < kM; ++m) rows.largest[m][0] = rows.largest[m][1] = -INFINITY;

  for (int buffer = 0; begin < end; begin += kKeys, buffer ^= 1) {
    wait_copies<0>();
    __syncthreads();  // the tile has come, and everybody is done with the other buffer
    if (begin + kKeys < end) {
      const uint32_t next = buffers + (buffer ^ 1) * 2 * Shape::kTileBytes;
      fetch_tile<kD, kKeys>(p, table, kv_head, begin + kKeys, first, end, next, next + Shape::kTileBytes);
    }
    if (begin > rows.first_row + warp_rows - 1) continue;  // no row of this warp sees the tile (or it has none)
    if (p.window > 0 && begin + kKeys <= rows.first_row - p.window + 1) continue;
    const uint32_t keys = buffers + buffer * 2 * Shape::kTileBytes;
    float scores[kM][kKeys / 8][4] = {};
    rows.score(queries + warp_row * Shape::kRowBytes, keys, scores);
    rows.mask(p, begin, scores);
    float shrink[kM][2];
    if (rows.soften(p.score_factor, scores, shrink)) rows.rescale(shrink);
    rows.weigh(keys + Shape::kTileBytes, scores);
  }
  if (warp_rows > 0) rows.store(p, tile.token + warp_row, warp_rows, head);
}

template <int kD, int kM, int kKeys, bool kGeneral>
void launch_prefill(const AttentionParams& p, const Context& context) {
  using Shape = PrefillShape<kD, kM, kKeys>;
  const auto kernel = prefill_kernel<kD, kM, kKeys, kGeneral>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Shape::kSharedBytes),
        "preparing attention");
  launch(context, kernel, dim3(p.heads, most_query_tiles(p, Shape::kRows)), kAttentionThreads, Shape::kSharedBytes, p);
}

template <int kD, int kM, int kKeys>
void launch_prefill(const AttentionParams& p, const Context& context) {
  return p.general() ? launch_prefill<kD, kM, kKeys, true>(p, context)
                     : launch_prefill<kD, kM, kKeys, false>(p, context);
}

}  // namespace

void attention_prefill(const AttentionParams& params, const Context& context) {
  if (params.head_dim <= 64) return launch_prefill<64, 2, 64>(params, context);
  if (params.head_dim <= 128) return launch_prefill<128, 2, 64>(params, context);
  launch_prefill<256, 1, 32>(params, context);
}

}  // namespace flightdeck::cuda
