// r = a + b; h = rms_norm(r)  →  r, h = residual_rms_norm(a, b). The sum stays available for whoever else reads it (the
// next residual connection). It is written over a, so a must not be read afterwards; else b takes its part.
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

namespace {

bool fuse(Editor& edit, int i) {
  const Node& add = edit.node(i);
  int residual = add.inputs[0], delta = add.inputs[1];
  if (residual == delta) return false;
  if (!edit.dead_after(residual, i)) std::swap(residual, delta);
  if (!edit.dead_after(residual, i)) return false;
  for (int reader : edit.consumers(add.outputs[0])) {
    if (!edit.is(reader, OpKind::rms_norm)) continue;
    Node fused = edit.node(reader);
    fused.op = OpKind::residual_rms_norm;
    fused.inputs = {residual, delta};
    fused.outputs.insert(fused.outputs.begin(), add.outputs[0]);
    edit.remove(reader);
    edit.replace(i, {std::move(fused)});
    return true;
  }
  return false;
}

}  // namespace

int fuse_residual_norm(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i)
    if (edit.is(i, OpKind::add) && fuse(edit, i)) ++rewrites;
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
