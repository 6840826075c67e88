// Runs a plan on a backend: one ragged batch a step. Engine thread only (or the builder's, which owns its own).
#pragma once

#include <memory>
#include <vector>

#include "core/executor/kv_cache.h"
#include "core/executor/weight_store.h"
#include "core/graph/plan.h"
#include "kernels/backend.h"

namespace flightdeck {

/// One step's batch in host memory; see BatchView for the fields.
struct StepInput {
  std::vector<int32_t> token_ids, positions, sequence_of, query_offsets, kv_lengths;
  std::vector<int32_t> block_tables;  // [sequences, max_blocks], unused entries 0
  int max_blocks = 0;
  std::vector<int32_t> logit_rows;  // packed token indices whose logits are wanted, ascending
};

class Executor {
 public:
  /// Buffers for at most max_tokens a step and max_logit_rows wanted rows are allocated here (throws
  /// DeviceOutOfMemory).
  Executor(const Plan& plan, Backend& backend, const WeightStore& weights, const KvCache& cache, int max_tokens,
           int max_sequences, int max_logit_rows);
  ~Executor();

  /// A whole step; logits is host memory [logit_rows, vocab].
  void step(const StepInput& input, float* logits);

  /// The same in pieces, for streaming a model layer by layer: only the weights of the steps run need be there.
  void begin(const StepInput& input);
  void run(size_t first_step, size_t last_step);  // [first, last)
  void read_logits(float* logits);
  uint64_t workspace_bytes() const;

 private:
  struct State;
  Matrix matrix(int slot, int rows) const;
  Matrix in_place(const PlanStep& step, int rows);
  void run_step(const PlanStep& step, int rows);
  void attention(const PlanStep& step, int rows);

  const Plan& plan_;
  Backend& backend_;
  const WeightStore& weights_;
  const KvCache& cache_;
  std::unique_ptr<State> state_;
};

}  // namespace flightdeck
