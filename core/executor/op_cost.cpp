#include "core/executor/op_cost.h"

namespace flightdeck {
namespace {

constexpr double kCacheItemBytes = 2;

double widths_of(const Plan& plan, const std::vector<int>& slots) {
  double sum = 0;
  for (const int slot : slots) sum += plan.slot_widths[static_cast<size_t>(slot)];
  return sum;
}

/// Queries with every position they see; the cache of a sequence is read once a step.
OpCost attention_cost(const PlanStep& step, const ModelInfo& info, const StepInput& input, double item_bytes) {
  const Attributes& a = step.attributes;
  OpCost cost;
  for (const int32_t length : input.kv_lengths)
    cost.bytes += 2.0 * length * info.num_kv_heads * info.head_dim * kCacheItemBytes;
  for (const int32_t position : input.positions) cost.flops += 4.0 * (position + 1) * a.heads * info.head_dim;
  cost.bytes += 2.0 * static_cast<double>(input.positions.size()) * a.heads * info.head_dim * item_bytes;
  return cost;
}

}  // namespace

OpCost cost_of(const Plan& plan, const PlanStep& step, const WeightStore& weights, const StepInput& input, int rows_in,
               int rows, double item_bytes) {
  if (step.op == OpKind::attention || step.op == OpKind::cached_attention)
    return attention_cost(step, plan.info, input, item_bytes);
  OpCost cost;
  const double out_bytes = rows * widths_of(plan, step.outputs) * item_bytes;
  if (step.op == OpKind::embedding) return {2 * out_bytes, 0};
  if (step.op == OpKind::needed_rows) return {2 * out_bytes, 0};
  cost.bytes = rows_in * widths_of(plan, step.inputs) * item_bytes + out_bytes;
  if (step.op != OpKind::linear) return cost;
  const PackedWeight* weight = weights.matrix(step.weights[0]);
  cost.bytes += static_cast<double>(weight->bytes());
  cost.flops = 2.0 * rows * weight->rows * weight->cols;
  return cost;
}

std::string title_of(const PlanStep& step) {
  std::string title(name_of(step.op));
  if (step.op != OpKind::linear) return title;
  std::string name = step.weights[0];
  if (const size_t end = name.rfind(".weight"); end != std::string::npos) name.resize(end);
  const size_t last = name.rfind('.');
  return title + " " + (last == std::string::npos ? name : name.substr(last + 1));
}

}  // namespace flightdeck
