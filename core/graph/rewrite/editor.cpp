#include "core/graph/rewrite/editor.h"

#include <algorithm>

namespace flightdeck {

Editor::Editor(Graph& graph)
    : graph_(graph),
      producer_(graph.widths.size(), -1),
      consumers_(graph.widths.size()),
      touched_(graph.nodes.size(), 0) {
  for (int i = 0; i < size(); ++i) {
    for (int value : node(i).inputs) {
      std::vector<int>& readers = consumers_[static_cast<size_t>(value)];
      if (readers.empty() || readers.back() != i) readers.push_back(i);
    }
    for (int value : node(i).outputs) producer_[static_cast<size_t>(value)] = i;
  }
}

int Editor::maker(int value, OpKind op) const {
  const int index = producer_[static_cast<size_t>(value)];
  return is(index, op) ? index : -1;
}

bool Editor::dead_after(int value, int index) const {
  if (value == graph_.output) return false;
  const std::vector<int>& readers = consumers(value);
  return std::all_of(readers.begin(), readers.end(), [&](int reader) { return reader <= index; });
}

void Editor::replace(int index, std::vector<Node> with) {
  touched_[static_cast<size_t>(index)] = 1;
  replacements_[index] = std::move(with);
}

void Editor::redirect(int from, int to) {
  const auto swap_in = [&](Node& changed) { std::replace(changed.inputs.begin(), changed.inputs.end(), from, to); };
  for (int reader : consumers(from)) {
    swap_in(graph_.nodes[static_cast<size_t>(reader)]);
    const auto replaced = replacements_.find(reader);
    if (replaced != replacements_.end()) std::for_each(replaced->second.begin(), replaced->second.end(), swap_in);
    consumers_[static_cast<size_t>(to)].push_back(reader);
  }
  std::sort(consumers_[static_cast<size_t>(to)].begin(), consumers_[static_cast<size_t>(to)].end());
  consumers_[static_cast<size_t>(from)].clear();
  if (graph_.output == from) graph_.output = to;
}

void Editor::finish() {
  if (replacements_.empty()) return;
  std::vector<Node> nodes;
  for (int i = 0; i < size(); ++i) {
    const auto replaced = replacements_.find(i);
    if (replaced == replacements_.end())
      nodes.push_back(std::move(graph_.nodes[static_cast<size_t>(i)]));
    else
      for (Node& with : replaced->second) nodes.push_back(std::move(with));
  }
  graph_.nodes = std::move(nodes);
  replacements_.clear();
}

bool Editor::can_join(const std::vector<int>& linears) const {
  for (int index : linears) {
    if (!is(index, OpKind::linear) || std::count(linears.begin(), linears.end(), index) != 1) return false;
    const Node &first = node(linears[0]), &other = node(index);
    if (other.inputs != first.inputs || other.outputs.size() != 1 || other.weights.size() != first.weights.size())
      return false;
    const WeightSpec &a = graph_.weights.at(first.weights[0]), &b = graph_.weights.at(other.weights[0]);
    if (a.role != b.role || a.normalize_rows != b.normalize_rows) return false;
  }
  return true;
}

std::string Editor::stack_weights(const std::vector<int>& linears, size_t which, const std::string& name) {
  WeightSpec stacked = graph_.weights.at(node(linears[0]).weights[which]);
  const bool vector = stacked.role == WeightRole::vector;
  int64_t& length = vector ? stacked.cols : stacked.rows;
  std::vector<WeightPart> parts;
  length = 0;
  for (int index : linears) {
    const WeightSpec& spec = graph_.weights.at(node(index).weights[which]);
    length += vector ? spec.cols : spec.rows;
    for (const WeightPart& part : spec.parts) {
      const bool continues = !parts.empty() && parts.back().tensor == part.tensor && part.row_begin > 0 &&
                             parts.back().row_end == part.row_begin;
      if (continues)
        parts.back().row_end = part.row_end;
      else
        parts.push_back(part);
    }
  }
  // a.b.q_proj.weight → a.b.qkv_proj.weight, or the one tensor's own name where slices became whole again.
  const size_t ending = stacked.name.rfind('.');
  const size_t stem = ending == std::string::npos || ending == 0 ? ending : stacked.name.rfind('.', ending - 1);
  stacked.name = (stem == std::string::npos ? "" : stacked.name.substr(0, stem + 1)) + name +
                 (ending == std::string::npos ? "" : stacked.name.substr(ending));
  if (parts.size() == 1) stacked.name = parts[0].tensor;
  while (graph_.weights.count(stacked.name)) stacked.name += '_';
  stacked.parts = std::move(parts);
  graph_.weights[stacked.name] = stacked;
  return stacked.name;
}

int Editor::join_linears(const std::vector<int>& linears, const std::string& name) {
  if (!can_join(linears)) return -1;
  const int place = *std::min_element(linears.begin(), linears.end());
  Node joined = node(linears[0]);
  joined.outputs.clear();
  for (size_t which = 0; which < joined.weights.size(); ++which)
    joined.weights[which] = stack_weights(linears, which, name);
  for (int index : linears) joined.outputs.push_back(node(index).outputs[0]);
  for (int index : linears) remove(index);
  replace(place, {std::move(joined)});
  return place;
}

int Editor::joined_maker(const std::vector<int>& values) const {
  const int index = maker(values[0], OpKind::linear);
  return index >= 0 && node(index).outputs == values ? index : -1;
}

int Editor::merge_outputs(int linear) {
  Node merged = node(linear);
  int width = 0;
  for (int value : merged.outputs) width += graph_.widths[static_cast<size_t>(value)];
  merged.outputs = {graph_.add_value(width)};
  const int value = merged.outputs[0];
  replace(linear, {std::move(merged)});
  return value;
}

bool match_attention(const Editor& edit, int attention, AttentionInputs& found) {
  if (!edit.is(attention, OpKind::attention)) return false;
  const Node& node = edit.node(attention);
  found = {node.inputs[0], node.inputs[1], node.inputs[2], -1, -1, 0};
  if (!edit.used_once(found.q) || !edit.used_once(found.k) || !edit.used_once(found.v)) return false;
  found.rope_of_q = edit.maker(found.q, OpKind::rope);
  found.rope_of_k = edit.maker(found.k, OpKind::rope);
  if ((found.rope_of_q < 0) != (found.rope_of_k < 0)) return false;
  if (found.rope_of_q < 0) return true;
  const Node &of_q = edit.node(found.rope_of_q), &of_k = edit.node(found.rope_of_k);
  found.q = of_q.inputs[0];
  found.k = of_k.inputs[0];
  found.rotary_dim = of_q.attributes.rotary_dim;
  return edit.used_once(found.q) && edit.used_once(found.k) && of_k.attributes.rotary_dim == found.rotary_dim &&
         of_q.attributes.head_dim == node.attributes.head_dim && of_k.attributes.head_dim == node.attributes.head_dim;
}

}  // namespace flightdeck
