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

/// This step's key and value of one head on their way through the registers of a block, at most kD columns of each. q's
/// row goes on with all heads' keys and values.
template <int kD>
class NewestKey {
  static constexpr int kEach = (kD + kAttentionThreads - 1) / kAttentionThreads;  // columns of a thread

 public:
  __device__ __forceinline__ NewestKey(const AttentionParams& params, int token, int kv_head, int position)
      : p(params) {
    const int half = p.head_dim / 2;
    const uint16_t* key = query_row(p, token, p.heads + kv_head);
    const uint16_t* value = query_row(p, token, p.heads + p.kv_heads + kv_head);
    const float* angles = p.rope_table + static_cast<size_t>(position) * p.head_dim;
#pragma unroll
    for (int e = 0; e < kEach; ++e) {
      const int i = threadIdx.x + e * kAttentionThreads;
      if (i < half) {
        low[e] = key[i], high[e] = key[i + half];
        cosine[e] = __ldg(angles + i), sine[e] = __ldg(angles + half + i);
      }
      if (i < p.head_dim) number[e] = value[i];
    }
  }
  /// Rotated into row `to` of the cache, and each number to also(column, 0 for the key or 1 for the value, number).
  template <class Also>
  __device__ __forceinline__ void write(size_t to, const Also& also) const {
    const int half = p.head_dim / 2;
#pragma unroll
    for (int e = 0; e < kEach; ++e) {
      const int i = threadIdx.x + e * kAttentionThreads;
      if (i < half) {
        const float x = activation_value(p, low[e]), y = activation_value(p, high[e]);
        put(p.keys, to, i, 0, x * cosine[e] - y * sine[e], also);
        put(p.keys, to, i + half, 0, y * cosine[e] + x * sine[e], also);
      }
      if (i < p.head_dim) put(p.values, to, i, 1, activation_value(p, number[e]), also);
    }
  }

 private:
  template <class Also>
  __device__ __forceinline__ static void put(__half* cache, size_t to, int column, int value, float number,
                                             const Also& also) {
    const __half rounded = __float2half_rn(number);
    cache[to + column] = rounded;
    also(column, value, rounded);
  }

  const AttentionParams& p;
  uint16_t low[kEach], high[kEach], number[kEach];
  float cosine[kEach], sine[kEach];
};

}  // namespace flightdeck::cuda
