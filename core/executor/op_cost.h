// What an operation must move and compute at least: the measure of how well its kernel does.
#pragma once

#include <string>

#include "core/executor/step_input.h"
#include "core/executor/weight_store.h"
#include "core/graph/plan.h"

namespace flightdeck {

struct OpCost {
  double bytes = 0;  // weights, cache and activations read and written once
  double flops = 0;  // products and sums counted apart
};

/// Of one plan step that makes `rows` rows from `rows_in`, of values of `item_bytes`.
OpCost cost_of(const Plan& plan, const PlanStep& step, const WeightStore& weights, const StepInput& input, int rows_in,
               int rows, double item_bytes);

/// One operation's share of a step.
struct OpTime {
  std::string name;  // "linear mlp.down_proj", "residual_rms_norm"
  double ms = 0;
  OpCost cost;
};

/// "linear" with the weight's name without its layer, other operations by their kind.
std::string title_of(const PlanStep& step);

}  // namespace flightdeck
