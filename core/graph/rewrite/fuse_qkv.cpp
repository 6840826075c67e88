// q = x Wq, k = x Wk, v = x Wv  →  q, k, v = x [Wq; Wk; Wv]: the input is read once. Slices of one tensor (Baichuan's
// W_pack) become that tensor again.
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

int fuse_qkv(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i) {
    AttentionInputs from;
    if (!match_attention(edit, i, from)) continue;
    const int q = edit.maker(from.q, OpKind::linear);
    const int k = edit.maker(from.k, OpKind::linear);
    const int v = edit.maker(from.v, OpKind::linear);
    if (q >= 0 && k >= 0 && v >= 0 && edit.join_linears({q, k, v}, "qkv_proj") >= 0) ++rewrites;
  }
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
