// Where a step's time goes, operation by operation: one prefill step and one decode step of a model.
#pragma once

#include <string>
#include <vector>

#include "core/bench/benchmark.h"
#include "core/runtime/engine.h"

namespace flightdeck {

/// All operations of one kind (and, of linear, of one weight) in a step, the fastest of several runs.
struct ProfileRow {
  std::string phase;  // "prefill", "decode"
  std::string name;
  int calls = 0;
  double ms = 0;
  double bytes = 0;
  double flops = 0;
};

/// Loads the model for itself. The prefill step has the first sequence's prompt, cut to one step; the decode step has
/// batch_size sequences in the middle of their answers.
Result<std::vector<ProfileRow>> profile_model(EngineSource source, const EngineOptions& options,
                                              const BenchmarkCase& shape, std::stop_token stop = {});

}  // namespace flightdeck
