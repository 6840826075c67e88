// Device memory of the paged key/value cache. Same thread as the backend.
#pragma once

#include <vector>

#include "core/graph/graph.h"
#include "kernels/backend.h"

namespace flightdeck {

/// Device memory of the paged cache, all layers.
class KvCache {
 public:
  KvCache(Backend& backend, const ModelInfo& info, DType dtype, int blocks, int block_size);
  KvCacheView layer(int layer) const;
  int blocks() const { return blocks_; }
  int block_size() const { return block_size_; }
  uint64_t bytes() const;
  static uint64_t bytes_per_token(const ModelInfo& info, DType dtype);

 private:
  std::vector<Buffer> keys_, values_;
  DType dtype_;
  int blocks_, block_size_, kv_heads_, head_dim_;
};

}  // namespace flightdeck
