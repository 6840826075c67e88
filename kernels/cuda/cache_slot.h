// Where a token's keys and values lie in the paged cache. The cache is float16 whatever the activations are.
#pragma once

#include "kernels/cuda/vector_access.h"
#include "kernels/ops.h"

namespace flightdeck::cuda {

/// What a kernel needs to find a token's slots; passed by value.
struct CachePlace {
  __half* keys;
  __half* values;
  const int32_t* positions;
  const int32_t* sequence_of;
  const int32_t* block_tables;
  int max_blocks;
  int block_size;
  int kv_heads;
  int head_dim;
};

inline CachePlace place_of(const KvCacheView& cache, const BatchView& batch) {
  if (cache.dtype != DType::f16) throw DeviceError("the CUDA engine keeps keys and values in float16");
  return {static_cast<__half*>(cache.keys),
          static_cast<__half*>(cache.values),
          batch.positions,
          batch.sequence_of,
          batch.block_tables,
          batch.max_blocks,
          cache.block_size,
          cache.kv_heads,
          cache.head_dim};
}

/// Index of the first element of (token, head) in `keys` or `values`; `token` counts in the step.
__device__ __forceinline__ size_t cache_slot(const CachePlace& place, int token, int head) {
  const int position = place.positions[token];
  const size_t table = static_cast<size_t>(place.sequence_of[token]) * place.max_blocks;
  const size_t block = place.block_tables[table + position / place.block_size];
  return ((block * place.kv_heads + head) * place.block_size + position % place.block_size) * place.head_dim;
}

template <class T, int V>
__device__ __forceinline__ void store_in_cache(__half* to, const Pack<T, V>& pack) {
  Pack<__half, V> halves;
#pragma unroll
  for (int i = 0; i < V; ++i) halves.values[i] = from_float<__half>(to_float(pack.values[i]));
  store<__half, V>(to, halves);
}

}  // namespace flightdeck::cuda
