// Where a token's keys and values lie in the paged cache, and how they get there.
#pragma once

#include <cstring>

#include "kernels/cpu/half.h"
#include "kernels/ops.h"

namespace flightdeck::cpu {

/// Index of the first element of (position, head) of a sequence in `keys` or `values`.
inline size_t cache_slot(const KvCacheView& cache, const int32_t* block_table, int position, int head) {
  const auto block = static_cast<size_t>(block_table[position / cache.block_size]);
  const size_t row = block * static_cast<size_t>(cache.kv_heads) + static_cast<size_t>(head);
  const size_t token = row * static_cast<size_t>(cache.block_size) + static_cast<size_t>(position % cache.block_size);
  return token * static_cast<size_t>(cache.head_dim);
}

inline const int32_t* block_table_of(const BatchView& batch, int sequence) {
  return batch.block_tables + static_cast<size_t>(sequence) * static_cast<size_t>(batch.max_blocks);
}

inline void store_in_cache(void* base, DType dtype, size_t slot, const float* values, int count) {
  if (dtype == DType::f32) {
    std::memcpy(static_cast<float*>(base) + slot, values, static_cast<size_t>(count) * sizeof(float));
    return;
  }
  uint16_t* out = static_cast<uint16_t*>(base) + slot;
  for (int i = 0; i < count; ++i) out[i] = half_of_float(values[i]);
}

}  // namespace flightdeck::cpu
