// gate, up = x W; f(gate) * up  →  gate_up = x W; gated_activation(gate_up), Shazeer 2020 (2002.05202).
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

namespace {

bool fuse(Editor& edit, int i, size_t side) {
  const Node& multiply = edit.node(i);
  const int activated = multiply.inputs[side], up = multiply.inputs[1 - side];
  const int activation = edit.maker(activated, OpKind::activation);
  if (activation < 0 || !edit.used_once(activated) || !edit.used_once(up)) return false;
  const int gate = edit.node(activation).inputs[0];
  const int linear = edit.joined_maker({gate, up});
  if (linear < 0 || !edit.used_once(gate)) return false;
  Node gated = edit.node(activation);
  gated.op = OpKind::gated_activation;
  gated.inputs = {edit.merge_outputs(linear)};
  gated.outputs = multiply.outputs;
  edit.remove(activation);
  edit.replace(i, {std::move(gated)});
  return true;
}

}  // namespace

int fuse_swiglu(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i)
    if (edit.is(i, OpKind::multiply) && (fuse(edit, i, 0) || fuse(edit, i, 1))) ++rewrites;
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
