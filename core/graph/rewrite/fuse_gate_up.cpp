// gate = x Wg, up = x Wu  →  gate, up = x [Wg; Wu], where f(gate) * up is all that is made of them.
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

namespace {

/// The joined linear for multiply `i` with the activation on side `side`.
bool join(Editor& edit, int i, size_t side) {
  const int activated = edit.node(i).inputs[side], up = edit.node(i).inputs[1 - side];
  const int activation = edit.maker(activated, OpKind::activation);
  if (activation < 0 || !edit.used_once(activated) || !edit.used_once(up)) return false;
  const int gate = edit.node(activation).inputs[0];
  const int gate_linear = edit.maker(gate, OpKind::linear), up_linear = edit.maker(up, OpKind::linear);
  if (gate_linear < 0 || up_linear < 0 || !edit.used_once(gate)) return false;
  return edit.join_linears({gate_linear, up_linear}, "gate_up_proj") >= 0;
}

}  // namespace

int fuse_gate_up(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i)
    if (edit.is(i, OpKind::multiply) && (join(edit, i, 0) || join(edit, i, 1))) ++rewrites;
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
