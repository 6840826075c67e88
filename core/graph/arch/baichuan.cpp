// Baichuan 1 and 2, Yang et al. 2023 (2309.10305): Llama with q, k and v stacked in one tensor W_pack; the 13B models
// have ALiBi in place of rotary positions, version 2 normalises the rows of its head (NormHead).
#include <cmath>

#include "core/graph/arch.h"
#include "core/graph/arch/graph_builder.h"

namespace flightdeck {

namespace {

int baichuan_layer(GraphBuilder& g, const ModelConfig& config, int x) {
  const int q_end = config.num_heads * config.head_dim;
  const int k_end = q_end + config.num_kv_heads * config.head_dim;
  const int v_end = k_end + config.num_kv_heads * config.head_dim;
  const std::string w_pack = "self_attn.W_pack.weight";

  const int h = g.rms_norm(x, "input_layernorm.weight");
  int q = g.linear_rows(h, "self_attn.q_proj.weight", w_pack, 0, q_end);
  int k = g.linear_rows(h, "self_attn.k_proj.weight", w_pack, q_end, k_end);
  const int v = g.linear_rows(h, "self_attn.v_proj.weight", w_pack, k_end, v_end);
  if (!config.alibi) {
    q = g.rope(q, config.num_heads);
    k = g.rope(k, config.num_kv_heads);
  }
  q = g.scale(q, 1.0f / std::sqrt(static_cast<float>(config.head_dim)));
  const int o = g.linear(g.attention(q, k, v), "self_attn.o_proj.weight", config.hidden_size);
  x = g.add(x, o);

  return g.add(x, g.swiglu(g.rms_norm(x, "post_attention_layernorm.weight")));
}

}  // namespace

Graph baichuan_graph(const ModelConfig& config) {
  GraphBuilder g(config);
  int x = g.embedding("model.embed_tokens.weight");
  for (int layer = 0; layer < config.num_layers; ++layer) {
    g.enter_layer(layer);
    x = baichuan_layer(g, config, x);
  }
  return g.finish(x);
}

}  // namespace flightdeck
