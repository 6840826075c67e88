// q, k, v = x W; attention(rope(q), rope(k), v)  →  qkv = x W; qkv' = rope_cache_write(qkv); cached_attention(qkv'):
// one walk over qkv rotates the queries in place and puts keys and values into the cache. Without rope (ALiBi)
// rotary_dim is 0 and nothing is rotated.
#include "core/graph/passes.h"
#include "core/graph/rewrite/editor.h"

namespace flightdeck {

namespace {

bool fuse(Editor& edit, int i) {
  AttentionInputs from;
  if (!match_attention(edit, i, from) || edit.node(i).layer < 0) return false;
  const int linear = edit.joined_maker({from.q, from.k, from.v});
  if (linear < 0) return false;

  Node attention = edit.node(i), write;
  const int qkv = edit.merge_outputs(linear);
  Graph& graph = edit.graph();
  write.op = OpKind::rope_cache_write;
  write.inputs = {qkv};
  write.outputs = {graph.add_value(graph.widths[static_cast<size_t>(qkv)])};
  write.layer = attention.layer;
  write.attributes.heads = attention.attributes.heads;
  write.attributes.kv_heads = attention.attributes.kv_heads;
  write.attributes.head_dim = attention.attributes.head_dim;
  write.attributes.rotary_dim = from.rotary_dim;
  attention.op = OpKind::cached_attention;
  attention.inputs = write.outputs;
  if (from.rope_of_q >= 0) edit.remove(from.rope_of_q);
  if (from.rope_of_k >= 0) edit.remove(from.rope_of_k);
  edit.replace(i, {std::move(write), std::move(attention)});
  return true;
}

}  // namespace

int fuse_rope_cache_write(Graph& graph) {
  Editor edit(graph);
  int rewrites = 0;
  for (int i = 0; i < edit.size(); ++i)
    if (fuse(edit, i)) ++rewrites;
  edit.finish();
  return rewrites;
}

}  // namespace flightdeck
