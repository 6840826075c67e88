// A graph while one pass changes it: who makes and who uses each value is known, edits are swept in once at the end, so
// that a pass costs one walk over the graph. A node that was changed is not matched again by the same pass.
#pragma once

#include <map>
#include <vector>

#include "core/graph/graph.h"

namespace flightdeck {

class Editor {
 public:
  explicit Editor(Graph& graph);

  Graph& graph() { return graph_; }
  int size() const { return static_cast<int>(graph_.nodes.size()); }
  const Node& node(int index) const { return graph_.nodes[static_cast<size_t>(index)]; }
  bool is(int index, OpKind op) const {
    return index >= 0 && !touched_[static_cast<size_t>(index)] && node(index).op == op;
  }
  /// The node that makes `value`, -1 when it is not of this kind.
  int maker(int value, OpKind op) const;
  const std::vector<int>& consumers(int value) const { return consumers_[static_cast<size_t>(value)]; }
  /// Read by one operation and not the logits.
  bool used_once(int value) const { return consumers(value).size() == 1 && value != graph_.output; }
  /// Read by nobody after node `index`.
  bool dead_after(int value, int index) const;

  void remove(int index) { replace(index, {}); }
  void replace(int index, std::vector<Node> with);
  /// Every reader of `from` reads `to`.
  void redirect(int from, int to);
  void finish();

  /// One linear in place of several of one input: their weights stacked in a new weight, one output each. -1 when they
  /// do not fit each other, else the node's index. `name` is the projection's, as in "qkv_proj".
  int join_linears(const std::vector<int>& linears, const std::string& name);
  /// The joined linear whose outputs are exactly these values, -1 when there is none.
  int joined_maker(const std::vector<int>& values) const;
  /// Makes the joined linear write one value, whose id is returned.
  int merge_outputs(int linear);

 private:
  bool can_join(const std::vector<int>& linears) const;
  std::string stack_weights(const std::vector<int>& linears, size_t which, const std::string& name);

  Graph& graph_;
  std::vector<int> producer_;
  std::vector<std::vector<int>> consumers_;
  std::vector<char> touched_;
  std::map<int, std::vector<Node>> replacements_;
};

/// Where an attention's queries, keys and values come from: behind the rotary embeddings, if there are any.
struct AttentionInputs {
  int q = -1, k = -1, v = -1;          // values made by linears
  int rope_of_q = -1, rope_of_k = -1;  // nodes
  int rotary_dim = 0;
};
/// False when a value in between has another reader, or when only one of q and k is rotated.
bool match_attention(const Editor& edit, int attention, AttentionInputs& found);

}  // namespace flightdeck
