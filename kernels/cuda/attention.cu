// Attention over the paged cache: chooses the kernels of a batch, and the slow kernel that takes any shape.
#include <cmath>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/attention_kernels.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

constexpr int kMostHeadDim = 256;
constexpr int kColumns = kMostHeadDim / 32;  // of a lane

/// What one warp found among its keys.
struct WarpResult {
  float largest;
  float total;
  float sums[kMostHeadDim];
};

__device__ __forceinline__ float activation_at(const AttentionParams& p, const void* row, int index) {
  if (p.bf16) return __bfloat162float(static_cast<const __nv_bfloat16*>(row)[index]);
  return __half2float(static_cast<const __half*>(row)[index]);
}

__device__ __forceinline__ float sum_of_warp(float x) {
  for (int mask = 16; mask > 0; mask >>= 1) x += __shfl_xor_sync(~0u, x, mask);
  return x;
}

/// Lane l holds columns l, l + 32, ...; the warps take the keys in turn and are merged at the end.
__global__ void __launch_bounds__(kAttentionThreads) generic_kernel(const AttentionParams p) {
  __shared__ WarpResult results[kAttentionWarps];
  let_next_start();
  wait_for_inputs();
  const int token = blockIdx.x, head = blockIdx.y, kv_head = head / p.group;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int position = p.positions[token];
  const int32_t* table = p.block_tables + static_cast<size_t>(p.sequence_of[token]) * p.max_blocks;
  const float slope = p.alibi_slopes ? p.alibi_slopes[head] * kLog2E : 0.0f;

  float query[kColumns], sums[kColumns] = {}, largest = -INFINITY, total = 0;
  const uint16_t* row = query_row(p, token, head);
  for (int i = 0; i < kColumns; ++i) {
    const int d = lane + 32 * i;
    query[i] = d < p.head_dim ? activation_at(p, row, d) * p.q_factor : 0.0f;
  }
  const int first = p.window > 0 ? max(0, position - p.window + 1) : 0;
  for (int key = first + warp; key <= position; key += kAttentionWarps) {
    const size_t block = static_cast<size_t>(table[key / p.block_size]) * p.kv_heads + kv_head;
    const size_t at = (block * p.block_size + key % p.block_size) * p.head_dim;
    float dot = 0;
    for (int i = 0; i < kColumns; ++i) {
      const int d = lane + 32 * i;
      if (d < p.head_dim) dot = fmaf(query[i], __half2float(p.keys[at + d]), dot);
    }
    const float score = log2_score(p, sum_of_warp(dot), slope, key - position);
    const float now = fmaxf(largest, score);
    const float shrink = exp2_fast(largest - now), weight = exp2_fast(score - now);
    largest = now;
    total = total * shrink + weight;
    for (int i = 0; i < kColumns; ++i) {
      const int d = lane + 32 * i;
      if (d < p.head_dim) sums[i] = fmaf(weight, __half2float(p.values[at + d]), sums[i] * shrink);
    }
  }
  for (int i = 0; i < kColumns; ++i) results[warp].sums[lane + 32 * i] = sums[i];
  if (lane == 0) results[warp].largest = largest, results[warp].total = total;
  __syncthreads();

  float all = -INFINITY, weights[kAttentionWarps], divisor = 0;
  for (int w = 0; w < kAttentionWarps; ++w) all = fmaxf(all, results[w].largest);
  for (int w = 0; w < kAttentionWarps; ++w) {
    weights[w] = exp2_fast(results[w].largest - all);
    divisor += weights[w] * results[w].total;
  }
  uint16_t* out = result_row(p, token, head);
  for (int d = threadIdx.x; d < p.head_dim; d += kAttentionThreads) {
    float sum = 0;
    for (int w = 0; w < kAttentionWarps; ++w) sum = fmaf(weights[w], results[w].sums[d], sum);
    out[d] = static_cast<uint16_t>(result_pair(p, sum / divisor, 0.0f));
  }
}

bool sixteen_byte_rows(const void* data, int stride) {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0 && stride % 8 == 0;
}

/// The fast kernels read q and the cache 16 bytes at a time and find blocks by shifting.
bool fits_fast_kernels(const AttentionParams& p) {
  return p.block_shift >= 0 && p.head_dim % 8 == 0 && p.head_dim <= kMostHeadDim &&
         sixteen_byte_rows(p.q, p.q_stride) && sixteen_byte_rows(p.out, p.out_stride);
}

}  // namespace

AttentionParams attention_params(const AttentionArgs& args) {
  AttentionParams p;
  p.out = args.out.data;
  p.q = args.q.data;
  p.out_stride = args.out.stride;
  p.q_stride = args.q.stride;
  p.bf16 = args.q.dtype == DType::bf16;
  p.keys = static_cast<__half*>(args.cache.keys);
  p.values = static_cast<__half*>(args.cache.values);
  p.block_size = args.cache.block_size;
  for (int shift = 0; shift < 31; ++shift) {
    if (1 << shift == p.block_size) p.block_shift = shift;
  }
  p.heads = args.heads;
  p.kv_heads = args.cache.kv_heads;
  p.group = args.heads / args.cache.kv_heads;
  p.head_dim = args.cache.head_dim;
  p.tokens = args.batch.tokens;
  p.sequences = args.batch.sequences;
  p.max_blocks = args.batch.max_blocks;
  p.one_token_each = p.tokens == p.sequences;
  p.positions = args.batch.positions;
  p.sequence_of = args.batch.sequence_of;
  p.query_offsets = args.batch.query_offsets;
  p.block_tables = args.batch.block_tables;
  // Only bfloat16 can leave float16's range; what is folded is a power of two, so nothing is rounded twice.
  p.q_factor = p.bf16 && args.scale > 0 ? std::exp2(std::floor(std::log2(args.scale))) : 1.0f;
  const bool capped = args.soft_cap > 0;
  p.score_factor = args.scale / p.q_factor * (capped ? 1.0f / args.soft_cap : kLog2E);
  p.cap_log2 = capped ? args.soft_cap * kLog2E : 0.0f;
  p.window = args.window;
  p.alibi_slopes = args.alibi_slopes;
  return p;
}

void attention_generic(const AttentionParams& params, const Context& context) {
  if (params.head_dim > kMostHeadDim) throw DeviceError("CUDA attention takes heads of at most 256 columns");
  launch(context, generic_kernel, dim3(params.tokens, params.heads), kAttentionThreads, 0, params);
}

void attention(const AttentionArgs& args, Context& context) {
  if (args.batch.tokens == 0) return;
  const AttentionParams params = attention_params(args);
  if (!fits_fast_kernels(params)) return attention_generic(params, context);
  // In a mixed batch each kernel takes its own sequences and leaves the others: a single token in a prefill tile would
  // cost 128 rows of arithmetic a key, at 32 sequences more than one launch that finds nothing to do.
  if (params.one_token_each || params.sequences > 1) {
    context.deterministic ? attention_decode_alike(params, context) : attention_decode(params, context);
  }
  if (params.one_token_each) return;
  if (!attention_prefill_hopper(params, context)) attention_prefill(params, context);
}

bool rope_attention(const RopeCacheWriteArgs& rope, const AttentionArgs& args, Context& context) {
  AttentionParams params = attention_params(args);
  const bool same = rope.qkv.data == args.q.data && rope.qkv.stride == args.q.stride && rope.heads == args.heads &&
                    rope.cache.keys == args.cache.keys && rope.batch.positions == args.batch.positions &&
                    rope.batch.block_tables == args.batch.block_tables;
  if (!same || !params.one_token_each || context.deterministic || !fits_fast_kernels(params) ||
      rope.rotary_dim != params.head_dim || params.head_dim % 16 != 0) {
    return false;
  }
  params.rope_table = rope.table;
  attention_decode(params, context);
  return true;
}

}  // namespace flightdeck::cuda
