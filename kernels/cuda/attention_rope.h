// Decode attention that also rotates: the query on its way into registers, this step's key on its way into the cache.
#pragma once

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/attention_primitives.h"

namespace flightdeck::cuda {

__device__ __forceinline__ float2 activation_pair(const AttentionParams& p, uint32_t bits) {
  if (p.bf16) return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&bits));
  return __half22float2(*reinterpret_cast<const __half2*>(&bits));
}
__device__ __forceinline__ float activation_value(const AttentionParams& p, uint16_t bits) {
  return activation_pair(p, bits).x;
}

/// Columns `column` and + 1 (even) of a query row, rotated to `position` and rounded as rope rounds them.
__device__ __forceinline__ uint32_t rotated_pair(const AttentionParams& p, const uint16_t* row, int column,
                                                 int position) {
  const int half = p.head_dim / 2;
  const bool low = column < half;
  const int angle = low ? column : column - half;
  const float* angles = p.rope_table + static_cast<size_t>(position) * p.head_dim + angle;
  const float2 own = activation_pair(p, *reinterpret_cast<const uint32_t*>(row + column));
  const float2 other = activation_pair(p, *reinterpret_cast<const uint32_t*>(row + (low ? column + half : angle)));
  const float2 cosine = __ldg(reinterpret_cast<const float2*>(angles));
  const float2 sine = __ldg(reinterpret_cast<const float2*>(angles + half));
  const float sign = low ? -1.0f : 1.0f;
  return result_pair(p, own.x * cosine.x + sign * other.x * sine.x, own.y * cosine.y + sign * other.y * sine.y);
}

/// This step's key, rotated, and value of one head into their place in the cache: all threads of the block, which then
/// see them. q's row goes on with all heads' keys and values.
__device__ __forceinline__ void write_key_value(const AttentionParams& p, const int32_t* table, int token, int kv_head,
                                                int position) {
  const int half = p.head_dim / 2;
  const uint16_t* key = query_row(p, token, p.heads + kv_head);
  const uint16_t* value = query_row(p, token, p.heads + p.kv_heads + kv_head);
  const float* angles = p.rope_table + static_cast<size_t>(position) * p.head_dim;
  const size_t to = cache_row(p, table, position, kv_head);
  for (int i = threadIdx.x; i < p.head_dim; i += kAttentionThreads) {
    if (i < half) {
      const float x = activation_value(p, key[i]), y = activation_value(p, key[i + half]);
      const float cosine = __ldg(angles + i), sine = __ldg(angles + half + i);
      p.keys[to + i] = __float2half_rn(x * cosine - y * sine);
      p.keys[to + i + half] = __float2half_rn(y * cosine + x * sine);
    }
    p.values[to + i] = __float2half_rn(activation_value(p, value[i]));
  }
  __threadfence();  // the copies that follow read L2
  __syncthreads();
}

}  // namespace flightdeck::cuda
