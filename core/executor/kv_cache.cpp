#include "core/executor/kv_cache.h"

namespace flightdeck {

KvCache::KvCache(Backend& backend, const ModelInfo& info, DType dtype, int blocks, int block_size)
    : dtype_(dtype), blocks_(blocks), block_size_(block_size), kv_heads_(info.num_kv_heads), head_dim_(info.head_dim) {
  const size_t layer_bytes = static_cast<size_t>(blocks) * block_size * kv_heads_ * head_dim_ * bytes_of(dtype);
  for (int layer = 0; layer < info.num_layers; ++layer) {
    keys_.push_back(backend.allocate(layer_bytes));
    values_.push_back(backend.allocate(layer_bytes));
  }
}

KvCacheView KvCache::layer(int layer) const {
  return {keys_[layer].data(), values_[layer].data(), dtype_, blocks_, block_size_, kv_heads_, head_dim_};
}

uint64_t KvCache::bytes() const {
  uint64_t sum = 0;
  for (const Buffer& buffer : keys_) sum += 2 * buffer.bytes();
  return sum;
}

uint64_t KvCache::bytes_per_token(const ModelInfo& info, DType dtype) {
  return uint64_t{2} * info.num_layers * info.num_kv_heads * info.head_dim * bytes_of(dtype);
}

}  // namespace flightdeck
