#include "core/graph/plan.h"

#include <algorithm>
#include <set>

#include "core/graph/operations.h"

namespace flightdeck {

namespace {

/// Hands out slots: free ones are kept by width and by what their rows stand for.
class Slots {
 public:
  explicit Slots(std::vector<int>& widths) : widths_(widths) {}

  int take(int width, bool needed) {
    std::vector<int>& free = free_[{width, needed}];
    if (free.empty()) {
      widths_.push_back(width);
      is_needed_.resize(widths_.size(), false);
      is_needed_.back() = needed;
      return static_cast<int>(widths_.size()) - 1;
    }
    const int slot = free.back();
    free.pop_back();
    return slot;
  }
  void give_back(int slot) { free_[{widths_[static_cast<size_t>(slot)], is_needed(slot)}].push_back(slot); }
  bool is_needed(int slot) const {
    return static_cast<size_t>(slot) < is_needed_.size() && is_needed_[static_cast<size_t>(slot)];
  }

 private:
  std::vector<int>& widths_;
  std::vector<bool> is_needed_;
  std::map<std::pair<int, bool>, std::vector<int>> free_;
};

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph), slots_(plan_.slot_widths) {
    plan_.info = graph.info;
    plan_.slot_widths = {1};
    slot_of_.assign(graph.widths.size(), -1);
    slot_of_[0] = 0;
    last_reader_.assign(graph.widths.size(), -1);
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      for (int value : graph.nodes[i].inputs) last_reader_[static_cast<size_t>(value)] = static_cast<int>(i);
    last_reader_[0] = last_reader_[static_cast<size_t>(graph.output)] = static_cast<int>(graph.nodes.size());
  }

  Result<Plan> run() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) TRY_VOID(add_step(static_cast<int>(i)));
    plan_.output = slot_of_[static_cast<size_t>(graph_.output)];
    return std::move(plan_);
  }

 private:
  int& slot_of(int value) { return slot_of_[static_cast<size_t>(value)]; }
  int last_reader(int value) const { return last_reader_[static_cast<size_t>(value)]; }

  Result<void> add_step(int i) {
    const Node& node = graph_.nodes[static_cast<size_t>(i)];
    PlanStep step{node.op, {}, {}, node.weights, node.attributes, node.layer};
    for (int value : node.inputs) step.inputs.push_back(slot_of(value));
    const bool needed = node.op == OpKind::needed_rows || slots_.is_needed(step.inputs[0]);
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const int value = node.outputs[o];
      if (o == 0 && runs_in_place(node.op)) {
        if (last_reader(node.inputs[0]) > i)
          return fail(ErrorKind::unsupported, "{} overwrites its input, which a later operation reads", describe(node));
        slot_of(value) = step.inputs[0];
        slot_of(node.inputs[0]) = -1;
      } else {
        slot_of(value) = slots_.take(graph_.widths[static_cast<size_t>(value)], needed);
      }
      step.outputs.push_back(slot_of(value));
    }
    release(node, i);
    for (const std::string& name : node.weights)
      if (known_.insert(name).second) plan_.weights.push_back(graph_.weights.at(name));
    plan_.steps.push_back(std::move(step));
    return {};
  }

  /// Slots whose value nobody reads after step `i`.
  void release(const Node& node, int i) {
    for (const auto* values : {&node.inputs, &node.outputs})
      for (int value : *values) {
        if (last_reader(value) > i || slot_of(value) < 0) continue;
        slots_.give_back(slot_of(value));
        slot_of(value) = -1;
      }
  }

  const Graph& graph_;
  Plan plan_;
  Slots slots_;
  std::vector<int> slot_of_;      // by value
  std::vector<int> last_reader_;  // by value: index of a node
  std::set<std::string> known_;
};

/// What a device can run: passes have lowered the rest.
Result<void> check_kernels(const std::vector<Node>& nodes) {
  for (const Node& node : nodes) {
    const Signature& signature = signature_of(node.op);
    if (!signature.has_kernel)
      return fail(ErrorKind::unsupported, "{} has no kernel: leave the pass {} enabled", describe(node),
                  signature.pass);
    if (node.op == OpKind::linear && node.outputs.size() != 1)
      return fail(ErrorKind::unsupported, "{} has {} outputs: leave fuse_rope_cache_write and fuse_swiglu enabled",
                  describe(node), node.outputs.size());
  }
  return {};
}

/// Reads and writes of slots by one step, as plan.h promises them.
Result<void> check_slots(const Plan& plan, const PlanStep& step, const std::string& name) {
  for (const auto* slots : {&step.inputs, &step.outputs})
    for (int slot : *slots)
      if (slot < 0 || static_cast<size_t>(slot) >= plan.slot_widths.size())
        return fail(ErrorKind::corrupt, "{}: there is no slot {}", name, slot);
  if (step.inputs.empty() || step.outputs.empty())
    return fail(ErrorKind::corrupt, "{}: it reads or writes nothing", name);
  const bool in_place = runs_in_place(step.op);
  if (in_place &&
      (step.outputs[0] != step.inputs[0] || std::count(step.inputs.begin(), step.inputs.end(), step.inputs[0]) != 1))
    return fail(ErrorKind::corrupt, "{}: slot {} must be its first input and first output", name, step.inputs[0]);
  for (size_t o = 0; o < step.outputs.size(); ++o) {
    const int slot = step.outputs[o];
    const bool read = std::count(step.inputs.begin(), step.inputs.end(), slot) > 0 && !(in_place && o == 0);
    if (slot == 0 || read || std::count(step.outputs.begin(), step.outputs.end(), slot) != 1)
      return fail(ErrorKind::corrupt, "{}: it may not write slot {}", name, slot);
  }
  return {};
}

/// One rotary table and one list of ALiBi slopes serve all layers.
Result<void> check_tables(const Plan& plan) {
  int rotary_dim = 0, alibi_heads = 0;
  for (const PlanStep& step : plan.steps) {
    const Attributes& a = step.attributes;
    if (rotary_dim == 0) rotary_dim = a.rotary_dim;
    if (alibi_heads == 0 && a.alibi) alibi_heads = a.heads;
    if ((a.rotary_dim != 0 && a.rotary_dim != rotary_dim) || (a.alibi && a.heads != alibi_heads))
      return fail(ErrorKind::corrupt, "layer {} has other rotary dimensions or ALiBi heads than the layers before it",
                  step.layer);
  }
  return {};
}

}  // namespace

Result<Plan> make_plan(const Graph& graph) {
  TRY_VOID(check(graph));
  TRY_VOID(check_kernels(graph.nodes));
  TRY(Plan plan, Planner(graph).run());
  TRY_VOID(check(plan));
  return plan;
}

Graph graph_of(const Plan& plan) {
  Graph graph;
  graph.info = plan.info;
  for (const WeightSpec& spec : plan.weights) graph.weights[spec.name] = spec;
  const auto width_of = [&](int slot) { return plan.slot_widths[static_cast<size_t>(slot)]; };
  std::vector<int> value_in(plan.slot_widths.size(), -1);
  value_in[0] = graph.add_value(width_of(0));
  for (const PlanStep& step : plan.steps) {
    Node node{step.op, {}, {}, step.weights, step.attributes, step.layer};
    for (int slot : step.inputs) node.inputs.push_back(value_in[static_cast<size_t>(slot)]);
    for (int slot : step.outputs) {
      value_in[static_cast<size_t>(slot)] = graph.add_value(width_of(slot));
      node.outputs.push_back(value_in[static_cast<size_t>(slot)]);
    }
    graph.nodes.push_back(std::move(node));
  }
  graph.output = value_in[static_cast<size_t>(plan.output)];
  return graph;
}

Result<void> check(const Plan& plan) {
  if (plan.slot_widths.empty() || plan.output < 0 || static_cast<size_t>(plan.output) >= plan.slot_widths.size())
    return fail(ErrorKind::corrupt, "the logits are in slot {}, there are {} slots", plan.output,
                plan.slot_widths.size());
  std::vector<int8_t> needed(plan.slot_widths.size(), -1);  // 1: rows of needed tokens, 0: of all, -1: not written yet
  std::set<std::string> used;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& step = plan.steps[i];
    const std::string name = fmt::format("step {} ({})", i, name_of(step.op));
    TRY_VOID(check_slots(plan, step, name));
    used.insert(step.weights.begin(), step.weights.end());
    const int8_t rows = step.op == OpKind::needed_rows || needed[static_cast<size_t>(step.inputs[0])] == 1 ? 1 : 0;
    for (int slot : step.outputs) {
      int8_t& before = needed[static_cast<size_t>(slot)];
      if (before != -1 && before != rows)
        return fail(ErrorKind::corrupt, "{}: slot {} holds all rows at one time and needed rows at another", name,
                    slot);
      before = rows;
    }
  }
  const Graph graph = graph_of(plan);
  TRY_VOID(check(graph));
  for (const WeightSpec& spec : plan.weights)
    if (used.erase(spec.name) == 0)
      return fail(ErrorKind::corrupt, "weight {} is listed twice or used by no step", spec.name);
  TRY_VOID(check_tables(plan));
  return check_kernels(graph.nodes);
}

}  // namespace flightdeck
