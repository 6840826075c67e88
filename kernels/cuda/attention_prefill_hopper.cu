// Prefill attention for Hopper, heads of 65 to 128 columns: two warpgroups of 64 query rows walk tiles of 128 keys. The
// scores of the next tile and the weighted values of this one are computed by the tensor cores while the other units
// do softmax (the overlap inside a warpgroup of FlashAttention-3, Shah et al. 2024, 2407.08608). Keys and values come
// by ordinary asynchronous copies: pages of 16 tokens are too small and too ragged for bulk copies to gain much.
#include <cmath>

#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/attention_rows.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/warpgroup_mma.h"

namespace flightdeck::cuda {
namespace {

constexpr int kD = 128;
constexpr int kKeys = 128;  // of a tile
constexpr int kRows = 128;  // of a block
constexpr int kThreads = 256;
constexpr int kTileBytes = kKeys * kD * 2;
constexpr int kKeyBuffers = 2;    // the scores run one tile ahead of
constexpr int kValueBuffers = 3;  // the weighted values
constexpr int kKeysAt = kRows * kD * 2;
constexpr int kValuesAt = kKeysAt + kKeyBuffers * kTileBytes;
constexpr int kSharedBytes = kValuesAt + kValueBuffers * kTileBytes;

/// A block's walk over the keys: where they are and which of them exist.
struct KeyWalk {
  const int32_t* table;
  int kv_head;
  int begin;  // of tile 0
  int first;  // positions [first, end) are seen by some row
  int end;
};

/// Starts the copies of tile `tile` as one group, empty when there is no such tile. Positions nobody sees become zeros:
/// what lies there may be another sequence's, and 0 * NaN is NaN.
[[maybe_unused]] __device__ __forceinline__ void fetch_tile(const AttentionParams& p, const KeyWalk& walk, int tile,
                                                            uint32_t memory) {
  const int begin = walk.begin + tile * kKeys;
  if (begin < walk.end) {
    const int chunk = threadIdx.x % 16, top = threadIdx.x / 16;
    const uint32_t keys = memory + kKeysAt + tile % kKeyBuffers * kTileBytes;
    const uint32_t values = memory + kValuesAt + tile % kValueBuffers * kTileBytes;
    size_t at[kKeys / 16];  // all looked up before the first copy: the look-ups wait together
#pragma unroll
    for (int i = 0; i < kKeys / 16; ++i) {
      const int position = begin + top + i * 16;
      const bool valid = position >= walk.first && position < walk.end && chunk * 8 < p.head_dim;
      at[i] = valid ? cache_row(p, walk.table, position, walk.kv_head) + chunk * 8 : SIZE_MAX;
    }
#pragma unroll
    for (int i = 0; i < kKeys / 16; ++i) {
      const bool valid = at[i] != SIZE_MAX;
      const size_t from = valid ? at[i] : 0;
      const int to = panel_offset(top + i * 16, chunk, kKeys);
      copy_async(keys + to, p.keys + from, valid);
      copy_async(values + to, p.values + from, valid);
    }
  }
  commit_copies();
}

[[maybe_unused]] __device__ __forceinline__ void stage_queries(const AttentionParams& p, const QueryTile& tile,
                                                               int head, unsigned char* queries) {
#pragma unroll
  for (int i = 0; i < kRows / 16; ++i) {
    const int row = threadIdx.x / 16 + i * 16, chunk = threadIdx.x % 16;
    uint4 eight = {};
    if (row < tile.rows && chunk * 8 < p.head_dim) {
      eight = *reinterpret_cast<const uint4*>(query_row(p, tile.token + row, head) + chunk * 8);
      eight.x = query_pair(p, eight.x);
      eight.y = query_pair(p, eight.y);
      eight.z = query_pair(p, eight.z);
      eight.w = query_pair(p, eight.w);
    }
    *reinterpret_cast<uint4*>(queries + panel_offset(row, chunk, kRows)) = eight;
  }
}

/// scores = queries · keysᵀ of one warpgroup, started.
[[maybe_unused]] __device__ __forceinline__ void start_scores(float (&scores)[16][4], uint32_t queries, uint32_t keys) {
  const uint64_t a = describe_panels(queries, 16, kPanelGroupBytes), b = describe_panels(keys, 16, kPanelGroupBytes);
#pragma unroll
  for (int i = 0; i < kD / 16; ++i) {  // 16 columns are 32 bytes; 64 fill a panel
    const int within = i % 4 * 32;
    multiply_transposed(scores, a + ((i / 4 * kRows * kPanelRowBytes + within) >> 4),
                        b + ((i / 4 * kKeys * kPanelRowBytes + within) >> 4), i > 0);
  }
  commit_products();
}

/// sums += weights · values of one warpgroup, started.
[[maybe_unused]] __device__ __forceinline__ void start_sums(float (&sums)[16][4],
                                                            const uint32_t (&weights)[kKeys / 16][4], uint32_t values) {
  const uint64_t b = describe_panels(values, kKeys * kPanelRowBytes, kPanelGroupBytes);
#pragma unroll
  for (int i = 0; i < kKeys / 16; ++i) multiply_rows(sums, weights[i], b + ((i * 16 * kPanelRowBytes) >> 4));
  commit_products();
}

[[maybe_unused]] __device__ __forceinline__ void pack_weights(const float (&scores)[16][4],
                                                              uint32_t (&weights)[kKeys / 16][4]) {
#pragma unroll
  for (int i = 0; i < kKeys / 16; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float(&four)[4] = scores[2 * i + j / 2];
      weights[i][j] = pack_halves(four[j % 2 * 2], four[j % 2 * 2 + 1]);
    }
  }
}

/// Grid: heads, an upper bound of the query tiles.
template <bool kGeneral>
__global__ void __launch_bounds__(kThreads, 1) prefill_hopper_kernel(const __grid_constant__ AttentionParams p) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  extern __shared__ __align__(1024) unsigned char memory[];
  let_next_start();
  wait_for_inputs();
  const QueryTile tile = find_tile(p, blockIdx.y, kRows);
  if (tile.sequence < 0) return;
  const int head = blockIdx.x, position = p.positions[tile.token - tile.before] + tile.before;
  KeyWalk walk;
  walk.table = p.block_tables + static_cast<size_t>(tile.sequence) * p.max_blocks;
  walk.kv_head = head / p.group;
  walk.first = p.window > 0 ? max(0, position - p.window + 1) : 0;
  walk.end = position + tile.rows;
  walk.begin = walk.first / kKeys * kKeys;
  const int tiles = (walk.end - walk.begin + kKeys - 1) / kKeys;

  const uint32_t base = shared_address(memory);
  fetch_tile(p, walk, 0, base);
  fetch_tile(p, walk, 1, base);
  stage_queries(p, tile, head, memory);

  // The warp's 16 rows; its warpgroup's 64 rows decide together how far to walk.
  const int group_row = threadIdx.x / 128 * 64, warp_row = threadIdx.x / 32 * 16;
  const int group_rows = min(64, tile.rows - group_row);
  const int mine = group_rows > 0 ? (position + group_row + group_rows - walk.begin + kKeys - 1) / kKeys : 0;
  QueryRows<kD, 1, kKeys, kGeneral> rows;
  rows.first_row = position + warp_row;
  rows.slope = kGeneral && p.alibi_slopes ? p.alibi_slopes[head] * kLog2E : 0.0f;
  rows.largest[0][0] = rows.largest[0][1] = -INFINITY;

  const uint32_t queries = base + group_row * kPanelRowBytes, keys = base + kKeysAt, values = base + kValuesAt;
  float scores[1][kKeys / 8][4], shrink[1][2];
  uint32_t weights[kKeys / 16][4];
  wait_copies<1>();
  publish_shared();
  __syncthreads();
  if (mine > 0) {
    begin_products(scores[0]);
    start_scores(scores[0], queries, keys);
    wait_products<0>(scores[0]);
    rows.mask(p, walk.begin, scores);
    rows.soften(p.score_factor, scores, shrink);
    pack_weights(scores[0], weights);
  }
  for (int i = 0; i < tiles; ++i) {
    wait_copies<0>();
    publish_shared();
    __syncthreads();  // tile i + 1 has come; nobody needs the keys of tile i or the values of tile i - 1 any more
    fetch_tile(p, walk, i + 2, base);
    const uint32_t values_now = values + i % kValueBuffers * kTileBytes;
    if (i + 1 < mine) {
      begin_products(scores[0], rows.sums[0], weights);
      start_scores(scores[0], queries, keys + (i + 1) % kKeyBuffers * kTileBytes);
      start_sums(rows.sums[0], weights, values_now);
      wait_products<1>(scores[0]);
      rows.mask(p, walk.begin + (i + 1) * kKeys, scores);
      const bool moved = rows.soften(p.score_factor, scores, shrink);
      wait_products<0>(rows.sums[0]);
      if (moved) rows.rescale(shrink);
      pack_weights(scores[0], weights);
    } else if (i < mine) {
      begin_products(rows.sums[0], weights);
      start_sums(rows.sums[0], weights, values_now);
      wait_products<0>(rows.sums[0]);
    }
  }
  const int warp_rows = min(16, tile.rows - warp_row);
  if (warp_rows > 0) rows.store(p, tile.token + warp_row, warp_rows, head);
#else
  __trap();  // launched on compute capability 9 only, for which the build makes sm_90a code
#endif
}

template <bool kGeneral>
void launch_prefill(const AttentionParams& p, const Context& context) {
  const auto kernel = prefill_hopper_kernel<kGeneral>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kSharedBytes), "preparing attention");
  launch(context, kernel, dim3(p.heads, most_query_tiles(p, kRows)), kThreads, kSharedBytes, p);
}

}  // namespace

bool attention_prefill_hopper(const AttentionParams& params, const Context& context) {
  if (context.compute_major != 9 || params.head_dim <= 64 || params.head_dim > kD) return false;
  if (params.general()) {
    launch_prefill<true>(params, context);
  } else {
    launch_prefill<false>(params, context);
  }
  return true;
}

}  // namespace flightdeck::cuda
