// Llama, Touvron et al. 2023 (2302.13971, 2307.09288): pre-norm, rotary positions, grouped queries, SwiGLU. Mistral
// (2310.06825) is the same with a sliding window.
#include <cmath>

#include "core/graph/arch.h"
#include "core/graph/arch/graph_builder.h"

namespace flightdeck {

namespace {

int llama_layer(GraphBuilder& g, const ModelConfig& config, int x) {
  const int q_width = config.num_heads * config.head_dim;
  const int kv_width = config.num_kv_heads * config.head_dim;

  const int h = g.rms_norm(x, "input_layernorm.weight");
  int q = g.linear(h, "self_attn.q_proj.weight", q_width);
  int k = g.linear(h, "self_attn.k_proj.weight", kv_width);
  const int v = g.linear(h, "self_attn.v_proj.weight", kv_width);
  q = g.scale(g.rope(q, config.num_heads), 1.0f / std::sqrt(static_cast<float>(config.head_dim)));
  k = g.rope(k, config.num_kv_heads);
  const int o = g.linear(g.attention(q, k, v), "self_attn.o_proj.weight", config.hidden_size);
  x = g.add(x, o);

  return g.add(x, g.swiglu(g.rms_norm(x, "post_attention_layernorm.weight")));
}

}  // namespace

Graph llama_graph(const ModelConfig& config) {
  GraphBuilder g(config);
  int x = g.embedding("model.embed_tokens.weight");
  for (int layer = 0; layer < config.num_layers; ++layer) {
    g.enter_layer(layer);
    x = llama_layer(g, config, x);
  }
  return g.finish(x);
}

}  // namespace flightdeck
