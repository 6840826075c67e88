// Rotary embedding, alone and fused with the write into the cache.
#include "kernels/cpu/cache_slot.h"
#include "kernels/cpu/cpu_ops.h"

namespace flightdeck::cpu {
namespace {

/// In place, one head.
void rotate(float* head, const float* table_row, int rotary_dim) {
  const int half = rotary_dim / 2;
  const float* cosine = table_row;
  const float* sine = table_row + half;
  for (int i = 0; i < half; ++i) {
    const float x = head[i];
    const float y = head[i + half];
    head[i] = x * cosine[i] - y * sine[i];
    head[i + half] = y * cosine[i] + x * sine[i];
  }
}

const float* table_row(const float* table, int position, int rotary_dim) {
  return table + static_cast<size_t>(position) * static_cast<size_t>(rotary_dim);
}

}  // namespace

void rope(const RopeArgs& args, CpuContext& context) {
  context.pool().parallel_for(args.x.rows, rows_per_chunk(4 * args.x.cols), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      const float* row = table_row(args.table, args.positions[t], args.rotary_dim);
      for (int head = 0; head < args.heads; ++head) {
        rotate(args.x.row<float>(t) + head * args.head_dim, row, args.rotary_dim);
      }
    }
  });
}

void rope_cache_write(const RopeCacheWriteArgs& args, CpuContext& context) {
  const KvCacheView& cache = args.cache;
  const BatchView& batch = args.batch;
  const int dim = cache.head_dim;
  context.pool().parallel_for(batch.tokens, rows_per_chunk(4 * args.qkv.cols), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      const int position = batch.positions[t];
      const int32_t* blocks = block_table_of(batch, batch.sequence_of[t]);
      const float* row = table_row(args.table, position, args.rotary_dim);
      float* query = args.qkv.row<float>(t);
      float* key = query + args.heads * dim;
      const float* value = key + cache.kv_heads * dim;
      for (int head = 0; head < args.heads; ++head) rotate(query + head * dim, row, args.rotary_dim);
      for (int head = 0; head < cache.kv_heads; ++head) {
        const size_t slot = cache_slot(cache, blocks, position, head);
        rotate(key + head * dim, row, args.rotary_dim);
        store_in_cache(cache.keys, cache.dtype, slot, key + head * dim, dim);
        store_in_cache(cache.values, cache.dtype, slot, value + head * dim, dim);
      }
    }
  });
}

}  // namespace flightdeck::cpu
