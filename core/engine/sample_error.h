// How far the engine's logits are from those of the checkpoint: two executors advance a small batch of text over the
// plan while the builder streams the weights by, so that only the weights of the operation at hand are in memory.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "core/engine/weight_stream.h"
#include "core/executor/executor.h"

namespace flightdeck {

struct LogitError {
  double max_difference = 0;
  double mean_difference = 0;
  double top1_agreement = 0;  // share of positions with the same most likely token
  double relative = 0;        // root mean square of the differences, as a share of that of the logits around their mean
};

/// What the sample needs of one weight of the plan.
struct SampleWeight {
  CanonicalWeight full;       // the checkpoint's precision
  CanonicalWeight engine;     // as stored; view.data null: the same as full
  std::vector<float> vector;  // for WeightRole::vector, in place of the two
};

/// The thread that made it.
class SampleError {
 public:
  /// `texts`: token ids of what to measure on, each repeated or cut to the sample's length; random ids when there are
  /// none.
  static Result<std::unique_ptr<SampleError>> create(const Plan& plan, int threads,
                                                     const std::vector<std::vector<int32_t>>& texts = {});

  /// Tokens of the sample; the embedding given to add() holds just their rows, in this order.
  const std::vector<int32_t>& token_ids() const { return token_ids_; }
  /// How many of the weight's first rows add() needs. Of a very large head not all, to bound the memory: the logits
  /// compared are then those of the first tokens.
  int64_t rows_needed(const WeightSpec& spec) const;
  /// The plan's weights, each once and in order; runs every operation that has all its weights.
  Result<void> add(SampleWeight weight);
  Result<LogitError> finish();

 private:
  struct Pending {
    size_t index = 0;
    SampleWeight weight;
  };
  SampleError(const Plan& plan, int threads, const std::vector<std::vector<int32_t>>& texts);
  void cut_plan();
  void fill_input(const std::vector<std::vector<int32_t>>& texts);
  int32_t token_at(const std::vector<std::vector<int32_t>>& texts, int sequence, int position,
                   std::mt19937& random) const;
  void run_ready();
  void run_pending(bool as_engine, size_t end);
  LogitError compare(const std::vector<float>& full, const std::vector<float>& engine) const;

  Plan plan_;                       // positions and a large head cut to the sample's
  std::vector<size_t> needs_;       // by step: weights that must be there, counted in the plan's order
  std::vector<size_t> last_steps_;  // by weight
  int vocab_size_ = 0;              // of the model; the plan's may be cut
  std::vector<int32_t> token_ids_;
  StepInput input_;
  std::unique_ptr<Backend> backend_;
  WeightStore store_;  // of the one executor that runs
  std::unique_ptr<KvCache> full_cache_, engine_cache_;
  std::unique_ptr<Executor> full_, engine_;
  std::vector<Pending> pending_;
  size_t added_ = 0, step_ = 0;
};

}  // namespace flightdeck
