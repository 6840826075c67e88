// Graphs as text: values are numbered within a run of operations of one layer, so that equal layers read the same and
// are written once.
#include <algorithm>
#include <array>

#include "core/graph/graph.h"
#include "core/graph/operations.h"

namespace flightdeck {

namespace {

/// "linear 155, rms_norm 45, …", most frequent first.
std::string counts(const Graph& graph) {
  std::map<OpKind, int> by_op;
  for (const Node& node : graph.nodes) ++by_op[node.op];
  std::vector<std::pair<OpKind, int>> ordered(by_op.begin(), by_op.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [op, count] : ordered) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(op), count);
  return text;
}

std::string attributes_of(const Node& node) {
  const Attributes& a = node.attributes;
  std::string text;
  const auto say = [&](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
  const bool attends = node.op == OpKind::attention || node.op == OpKind::cached_attention;
  if (a.heads > 0) say(fmt::format("{} heads of {}", a.heads, a.head_dim));
  if (a.kv_heads > 0) say(fmt::format("{} kv heads", a.kv_heads));
  if (node.op == OpKind::rope || node.op == OpKind::rope_cache_write) say(fmt::format("rotary {}", a.rotary_dim));
  if (attends || node.op == OpKind::scale) say(fmt::format("scale {:.4g}", a.scale));
  if (a.window > 0) say(fmt::format("window {}", a.window));
  if (a.alibi) say("ALiBi");
  if (node.op == OpKind::activation || node.op == OpKind::gated_activation) say(std::string(name_of(a.activation)));
  return text;
}

/// The lines of nodes [begin, end), all of one layer.
class Section {
 public:
  Section(const Graph& graph, int layer) : graph_(graph), prefix_(fmt::format("model.layers.{}.", layer)) {}

  std::string line(const Node& node) {
    std::string text = "  ", inputs;
    for (int value : node.inputs) inputs += (inputs.empty() ? "" : ", ") + name(value, false);
    for (int value : node.outputs)
      text += fmt::format("{}{}[{}]", value == node.outputs[0] ? "" : ", ", name(value, true),
                          graph_.widths[static_cast<size_t>(value)]);
    text = fmt::format("{:<24} = {}({})", text, name_of(node.op), inputs);
    for (const std::string& weight : node.weights) text += "  " + describe_weight(graph_.weights.at(weight));
    const std::string attributes = attributes_of(node);
    return text + (attributes.empty() ? "" : "  " + attributes) + "\n";
  }

 private:
  std::string name(int value, bool made_here) {
    if (value == 0) return "ids";
    auto found = names_.find(value);
    if (found == names_.end())
      found = names_.emplace(value, made_here ? fmt::format("v{}", ++made_) : fmt::format("in{}", ++taken_)).first;
    return found->second;
  }
  std::string describe_weight(const WeightSpec& spec) const {
    const bool ours = spec.name.compare(0, prefix_.size(), prefix_) == 0;
    const std::string shape =
        spec.role == WeightRole::vector ? std::to_string(spec.cols) : fmt::format("{} x {}", spec.rows, spec.cols);
    return fmt::format("{} [{}]{}", ours ? spec.name.substr(prefix_.size()) : spec.name, shape,
                       spec.normalize_rows ? " normalised rows" : "");
  }

  const Graph& graph_;
  std::string prefix_;
  std::map<int, std::string> names_;
  int made_ = 0, taken_ = 0;
};

struct Block {
  int first_layer = -1;
  int last_layer = -1;
  size_t operations = 0;
  std::string lines;
};

std::vector<Block> blocks_of(const Graph& graph) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < graph.nodes.size();) {
    Block block{graph.nodes[i].layer, graph.nodes[i].layer, 0, ""};
    Section section(graph, block.first_layer);
    for (; i < graph.nodes.size() && graph.nodes[i].layer == block.first_layer; ++i, ++block.operations)
      block.lines += section.line(graph.nodes[i]);
    const bool repeats = !blocks.empty() && block.first_layer >= 0 && blocks.back().lines == block.lines &&
                         blocks.back().last_layer + 1 == block.first_layer;
    if (repeats)
      blocks.back().last_layer = block.first_layer;
    else
      blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace

std::string to_text(const Graph& graph) {
  const ModelInfo& info = graph.info;
  std::string text = fmt::format("{}: {} layers, hidden {}, {} heads of {} ({} kv), vocabulary {}, context {}\n",
                                 info.architecture, info.num_layers, info.hidden_size, info.num_heads, info.head_dim,
                                 info.num_kv_heads, info.vocab_size, info.max_positions);
  text += fmt::format("{} operations: {}\n", graph.nodes.size(), counts(graph));
  for (const Block& block : blocks_of(graph)) {
    if (block.last_layer > block.first_layer)
      text += fmt::format("layers {}-{}, {} operations each:\n", block.first_layer, block.last_layer, block.operations);
    else if (block.first_layer >= 0)
      text += fmt::format("layer {}, {} operations:\n", block.first_layer, block.operations);
    else
      text += "outside the layers:\n";
    text += block.lines;
  }
  return text;
}

}  // namespace flightdeck
