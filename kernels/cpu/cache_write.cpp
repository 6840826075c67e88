// Copies keys and values into their cache blocks.
#include "kernels/cpu/cache_slot.h"
#include "kernels/cpu/cpu_ops.h"

namespace flightdeck::cpu {

void cache_write(const CacheWriteArgs& args, CpuContext& context) {
  const KvCacheView& cache = args.cache;
  const BatchView& batch = args.batch;
  context.pool().parallel_for(batch.tokens, rows_per_chunk(8 * args.k.cols), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      const int32_t* table = block_table_of(batch, batch.sequence_of[t]);
      for (int head = 0; head < cache.kv_heads; ++head) {
        const size_t slot = cache_slot(cache, table, batch.positions[t], head);
        store_in_cache(cache.keys, cache.dtype, slot, args.k.row<const float>(t) + head * cache.head_dim,
                       cache.head_dim);
        store_in_cache(cache.values, cache.dtype, slot, args.v.row<const float>(t) + head * cache.head_dim,
                       cache.head_dim);
      }
    }
  });
}

}  // namespace flightdeck::cpu
