#include "core/graph/graph.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/graph/operations.h"

namespace flightdeck {

namespace {

Result<void> in_range(const char* name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return fail(ErrorKind::corrupt, "the model's {} is {}, expected {} to {}", name, value, low, high);
}

Result<void> check_info(const ModelInfo& info) {
  TRY_VOID(in_range("vocab_size", info.vocab_size, 1, 1 << 22));
  TRY_VOID(in_range("hidden_size", info.hidden_size, 1, 1 << 20));
  TRY_VOID(in_range("num_layers", info.num_layers, 1, 4096));
  TRY_VOID(in_range("num_heads", info.num_heads, 1, 1 << 16));
  TRY_VOID(in_range("num_kv_heads", info.num_kv_heads, 1, info.num_heads));
  TRY_VOID(in_range("head_dim", info.head_dim, 1, 1 << 14));
  TRY_VOID(in_range("max_positions", info.max_positions, 1, 1 << 24));
  if (!std::isfinite(info.rope_theta) || info.rope_theta <= 0)
    return fail(ErrorKind::corrupt, "the model's rope_theta is {}, expected a positive number", info.rope_theta);
  for (const auto* ids : {&info.bos_ids, &info.eos_ids})
    for (int32_t id : *ids) TRY_VOID(in_range("bos or eos id", id, 0, info.vocab_size - 1));
  return {};
}

Result<void> check_weight(const WeightSpec& spec) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  constexpr int64_t kMostElements = int64_t{1} << 40;
  if (spec.rows < 1 || spec.cols < 1 || spec.rows > kMost || spec.cols > kMost)
    return fail(ErrorKind::corrupt, "weight {} is [{}, {}]", spec.name, spec.rows, spec.cols);
  if (spec.rows * spec.cols > kMostElements)
    return fail(ErrorKind::corrupt, "weight {} is [{}, {}], more than {} numbers", spec.name, spec.rows, spec.cols,
                kMostElements);
  const bool vector = spec.role == WeightRole::vector;
  if (vector && spec.rows != 1)
    return fail(ErrorKind::corrupt, "weight {} is a vector of {} rows, expected 1", spec.name, spec.rows);
  const int64_t wanted = vector ? spec.cols : spec.rows;
  int64_t known = 0;
  bool whole = false;
  for (const WeightPart& part : spec.parts) {
    const bool all = part.row_end == -1 && part.row_begin == 0;
    if (part.tensor.empty() || (!all && (part.row_begin < 0 || part.row_end <= part.row_begin || part.row_end > kMost)))
      return fail(ErrorKind::corrupt, "weight {}: rows [{}, {}) of tensor \"{}\"", spec.name, part.row_begin,
                  part.row_end, part.tensor);
    known += all ? 0 : part.row_end - part.row_begin;
    whole = whole || all;
  }
  if (spec.parts.empty() || (whole ? known >= wanted : known != wanted))
    return fail(ErrorKind::corrupt, "weight {}: its parts have {} rows, expected {}", spec.name, known, wanted);
  return {};
}

/// What a value's rows stand for.
enum class Rows : uint8_t { none, ids, tokens, needed };

Result<void> check_values(const Graph& graph, const Node& node, std::vector<Rows>& rows) {
  Rows kind = Rows::none;
  for (int value : node.inputs) {
    if (value < 0 || static_cast<size_t>(value) >= rows.size() || rows[static_cast<size_t>(value)] == Rows::none)
      return fail(ErrorKind::corrupt, "{} reads value {} before it is made", describe(node), value);
    const Rows found = rows[static_cast<size_t>(value)];
    if (kind != Rows::none && found != kind)
      return fail(ErrorKind::corrupt, "{} mixes all rows with needed rows", describe(node));
    kind = found;
  }
  const bool tokens_only = node.op == OpKind::needed_rows || node.op == OpKind::rope || node.op == OpKind::attention ||
                           node.op == OpKind::rope_cache_write || node.op == OpKind::cached_attention;
  if ((kind == Rows::ids) != (node.op == OpKind::embedding) || (tokens_only && kind != Rows::tokens))
    return fail(ErrorKind::corrupt, "{} cannot work on these rows", describe(node));
  if (node.op == OpKind::needed_rows) kind = Rows::needed;
  for (int value : node.outputs) {
    if (value < 1 || static_cast<size_t>(value) >= rows.size() || rows[static_cast<size_t>(value)] != Rows::none)
      return fail(ErrorKind::corrupt, "{} makes value {}, which is no new value", describe(node), value);
    rows[static_cast<size_t>(value)] = kind == Rows::ids ? Rows::tokens : kind;
  }
  for (const std::string& name : node.weights)
    if (!graph.weights.count(name))
      return fail(ErrorKind::corrupt, "{} uses weight {}, which is not there", describe(node), name);
  if (node.layer < -1 || node.layer >= graph.info.num_layers)
    return fail(ErrorKind::corrupt, "{}: the model has {} layers", describe(node), graph.info.num_layers);
  return {};
}

/// Each layer's cache is written once, before it is read.
Result<void> check_cache(const Node& node, std::vector<bool>& written) {
  const bool writes = node.op == OpKind::attention || node.op == OpKind::rope_cache_write;
  if (!writes && node.op != OpKind::cached_attention) return {};
  const size_t layer = static_cast<size_t>(node.layer);
  if (writes == written[layer])
    return fail(ErrorKind::corrupt, "{}: the layer's cache {}", describe(node),
                writes ? "was written before" : "is empty");
  written[layer] = true;
  return {};
}

}  // namespace

int Graph::producer(int value) const {
  for (size_t i = 0; i < nodes.size(); ++i)
    if (std::count(nodes[i].outputs.begin(), nodes[i].outputs.end(), value)) return static_cast<int>(i);
  return -1;
}

std::vector<int> Graph::consumers(int value) const {
  std::vector<int> found;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (std::count(nodes[i].inputs.begin(), nodes[i].inputs.end(), value)) found.push_back(static_cast<int>(i));
  return found;
}

Result<void> check(const Graph& graph) {
  TRY_VOID(check_info(graph.info));
  for (const auto& [name, spec] : graph.weights) {
    if (name.empty() || name != spec.name)
      return fail(ErrorKind::corrupt, "weight \"{}\" calls itself \"{}\"", name, spec.name);
    TRY_VOID(check_weight(spec));
  }
  if (graph.widths.empty() || graph.widths[0] != 1) return fail(ErrorKind::corrupt, "value 0 must be the token ids");
  for (int width : graph.widths)
    if (width < 1) return fail(ErrorKind::corrupt, "a value has a width of {}", width);
  std::vector<Rows> rows(graph.widths.size(), Rows::none);
  rows[0] = Rows::ids;
  std::vector<bool> written(static_cast<size_t>(graph.info.num_layers), false);
  for (const Node& node : graph.nodes) {
    TRY_VOID(check_values(graph, node, rows));
    TRY_VOID(check_node(graph, node));
    TRY_VOID(check_cache(node, written));
  }
  if (graph.output < 1 || static_cast<size_t>(graph.output) >= rows.size() ||
      rows[static_cast<size_t>(graph.output)] != Rows::needed)
    return fail(ErrorKind::corrupt, "value {} is given as the logits but is not made of needed rows", graph.output);
  if (graph.widths[static_cast<size_t>(graph.output)] != graph.info.vocab_size)
    return fail(ErrorKind::corrupt, "the logits have {} columns, the vocabulary {}",
                graph.widths[static_cast<size_t>(graph.output)], graph.info.vocab_size);
  return {};
}

}  // namespace flightdeck
