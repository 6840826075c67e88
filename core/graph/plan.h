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
  std::vector<int> outputs;  // slots; residual_rms_norm's first output, rope's and rope_cache_write's output are the
                             // first input's slot (done in place), every other output is no slot the step reads
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

/// Assigns slots by liveness: a slot is reused by a value of the same width as soon as its last reader has run. A slot
/// holds either a row a token or, if written by needed_rows or anything after it, a row a needed token; never both.
Result<Plan> make_plan(const Graph& graph);

/// The same operations with a value for every write of a slot, as `inspect` shows them. The plan must be a checked one.
Graph graph_of(const Plan& plan);
/// What an executor relies on beside check(graph_of(plan)): slots are used as written above and every operation has a
/// kernel.
Result<void> check(const Plan& plan);

Json to_json(const Plan& plan);
/// Checks everything an executor relies on: slot numbers, widths against weights, attributes, ranges. Hostile input.
Result<Plan> plan_from_json(const Json& json, const std::string& name);

}  // namespace flightdeck
