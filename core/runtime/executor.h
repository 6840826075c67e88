// Runs a plan on a backend: one ragged batch a step. Engine thread only (or the builder's, which owns its own).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/graph/plan.h"
#include "kernels/backend.h"

namespace flightdeck {

/// Weights on the device, by their name in the plan.
class WeightStore {
 public:
  void add(const std::string& name, std::unique_ptr<PackedWeight> weight) { matrices_[name] = std::move(weight); }
  void add_vector(Backend& backend, const std::string& name, const std::vector<float>& values);
  void remove(const std::string& name);
  const PackedWeight* matrix(const std::string& name) const;  // null when absent
  const float* vector(const std::string& name) const;
  uint64_t bytes() const;

 private:
  std::map<std::string, std::unique_ptr<PackedWeight>> matrices_;
  std::map<std::string, Buffer> vectors_;
};

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

/// One step's batch in host memory; see BatchView for the fields.
struct StepInput {
  std::vector<int32_t> token_ids, positions, sequence_of, query_offsets, kv_lengths;
  std::vector<int32_t> block_tables;  // [sequences, max_blocks], unused entries 0
  int max_blocks = 0;
  std::vector<int32_t> logit_rows;    // packed token indices whose logits are wanted, ascending
};

class Executor {
 public:
  /// Buffers for at most max_tokens a step and max_logit_rows wanted rows are allocated here (throws DeviceOutOfMemory).
  Executor(const Plan& plan, Backend& backend, const WeightStore& weights, const KvCache& cache, int max_tokens,
           int max_sequences, int max_logit_rows);

  /// A whole step; logits is host memory [logit_rows, vocab].
  void step(const StepInput& input, float* logits);

  /// The same in pieces, for streaming a model layer by layer: only the weights of the steps run need be there.
  void begin(const StepInput& input);
  void run(size_t first_step, size_t last_step);  // [first, last)
  void read_logits(float* logits);
  uint64_t workspace_bytes() const;

 private:
  struct State;
  const Plan& plan_;
  Backend& backend_;
  const WeightStore& weights_;
  const KvCache& cache_;
  std::shared_ptr<State> state_;
};

}  // namespace flightdeck
