// Runs a plan on a backend: one ragged batch a step. Engine thread only (or the builder's, which owns its own).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/executor/kv_cache.h"
#include "core/executor/op_cost.h"
#include "core/executor/step_input.h"
#include "core/executor/weight_store.h"
#include "core/graph/plan.h"
#include "kernels/backend.h"

namespace flightdeck {

class Executor {
 public:
  /// Buffers for at most max_tokens a step and max_logit_rows wanted rows are allocated here (throws
  /// DeviceOutOfMemory).
  Executor(const Plan& plan, Backend& backend, const WeightStore& weights, const KvCache& cache, int max_tokens,
           int max_sequences, int max_logit_rows);
  ~Executor();

  /// A whole step; logits is host memory [logit_rows, vocab].
  void step(const StepInput& input, float* logits);

  /// A step whose next ids the backend chooses (Backend::samples). start() returns while it runs; a second may be
  /// started before the first is finished. finish() waits for the oldest.
  struct Sampled {
    std::span<const int32_t> ids;  // one for each of logit_rows; valid until the step after the next is started
    double device_ms = 0;          // what the step took on the device
  };
  void start(const StepInput& input);
  Sampled finish();
  int under_way() const;  // steps started and not finished

  /// A step's operations with the time of each, run one by one (never replayed). The logits stay on the device.
  std::vector<OpTime> profile(const StepInput& input);

  /// The same in pieces, for streaming a model layer by layer: only the weights of the steps run need be there.
  void begin(const StepInput& input);
  void run(size_t first_step, size_t last_step);  // [first, last)
  void read_logits(float* logits);
  uint64_t workspace_bytes() const;

 private:
  struct State;
  Matrix matrix(int slot, int rows) const;
  Matrix matrix(int slot, int rows, DType dtype) const;
  Matrix in_place(const PlanStep& step, int rows);
  StepKey key(int variant) const;
  void run_and_sample(bool pending, bool greedy);
  void run_step(const PlanStep& step, int rows, DType out_type);
  void attention(const PlanStep& step, int rows);

  const Plan& plan_;
  Backend& backend_;
  const WeightStore& weights_;
  const KvCache& cache_;
  std::unique_ptr<State> state_;
};

}  // namespace flightdeck
