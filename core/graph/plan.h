// A plan is a rewritten graph in the form an executor runs: ordered steps on a few reusable buffers (slots).
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/graph/graph.h"

namespace flightdeck {

struct PlanStep {
  OpKind op = OpKind::add;
  std::vector<int> inputs;   // slots; slot 0 is the token ids
  std::vector<int> outputs;  // slots; residual_rms_norm's first output is its first input's slot
  std::vector<std::string> weights;
  Attributes attributes;
  int layer = -1;
};

struct Plan {
  ModelInfo info;
  std::vector<int> slot_widths;  // columns of each slot
  std::vector<PlanStep> steps;
  std::vector<WeightSpec> weights;  // in the order of first use; parts are kept for inspect
  int output = -1;                  // slot of the logits
};

/// Assigns slots by liveness: a slot is reused as soon as its last reader has run; after needed_rows a slot holds the
/// needed rows only.
Result<Plan> make_plan(const Graph& graph);

Json to_json(const Plan& plan);
/// Checks everything an executor relies on: slot numbers, widths against weights, attributes, ranges. Hostile input.
Result<Plan> plan_from_json(const Json& json, const std::string& name);

}  // namespace flightdeck
