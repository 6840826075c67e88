// attention(s q, k, v)  →  attention(q, k, v) with its scale times s, the same for k; a scale by one goes away.
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

namespace {

bool fold(Editor& edit, int i) {
  const Node scale = edit.node(i);
  const int scaled = scale.outputs[0];
  if (scale.attributes.scale != 1.0f) {
    if (!edit.used_once(scaled)) return false;
    const int reader = edit.consumers(scaled)[0];
    if (!edit.is(reader, OpKind::attention)) return false;
    Node& attention = edit.graph().nodes[static_cast<size_t>(reader)];
    // Scores are products of q and k: a factor on exactly one of them is a factor on the scores. v is no part of them.
    if (attention.inputs[2] == scaled || attention.inputs[0] == attention.inputs[1]) return false;
    attention.attributes.scale *= scale.attributes.scale;
  }
  edit.redirect(scaled, scale.inputs[0]);
  edit.remove(i);
  return true;
}

}  // namespace

int fold_constants(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i)
    if (edit.is(i, OpKind::scale) && fold(edit, i)) ++rewrites;
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
