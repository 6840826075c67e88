// Model shapes and hand-made graphs for the tests of this folder.
#pragma once

#include <cmath>

#include "core/graph/arch.h"
#include "core/graph/passes.h"
#include "core/graph/plan.h"
#include "core/graph/reference.h"

namespace flightdeck::test {

inline ModelConfig config_of(Family family, int layers, int hidden, int intermediate, int heads, int kv_heads,
                             int vocab) {
  ModelConfig config;
  config.family = family;
  config.architecture = family == Family::baichuan ? "BaichuanForCausalLM" : "LlamaForCausalLM";
  config.num_layers = layers;
  config.hidden_size = hidden;
  config.intermediate_size = intermediate;
  config.num_heads = heads;
  config.num_kv_heads = kv_heads;
  config.head_dim = hidden / heads;
  config.vocab_size = vocab;
  config.max_positions = 4096;
  config.rms_norm_eps = 1e-5;
  config.bos_ids = {1};
  config.eos_ids = {2};
  return config;
}

inline ModelConfig tinyllama() { return config_of(Family::llama, 22, 2048, 5632, 32, 4, 32000); }
inline ModelConfig mistral_7b() {
  ModelConfig config = config_of(Family::mistral, 32, 4096, 14336, 32, 8, 32000);
  config.architecture = "MistralForCausalLM";
  config.sliding_window = 4096;
  return config;
}
inline ModelConfig tied_llama() {
  ModelConfig config = config_of(Family::llama, 5, 64, 172, 8, 1, 512);
  config.tied_head = true;
  return config;
}
inline ModelConfig baichuan2_7b() {
  ModelConfig config = config_of(Family::baichuan, 32, 4096, 11008, 32, 32, 125696);
  config.norm_head = true;
  return config;
}
inline ModelConfig baichuan2_13b() {
  ModelConfig config = config_of(Family::baichuan, 40, 5120, 13696, 40, 40, 125696);
  config.norm_head = config.alibi = true;
  return config;
}
inline ModelConfig baichuan1_7b() { return config_of(Family::baichuan, 32, 4096, 11008, 32, 32, 64000); }

/// The family's graph in a size a test can run.
inline Graph small_graph(const ModelConfig& config) { return build_graph(shrink_config(config)).value(); }

/// A graph written by hand: an embedding of 16 numbers and a vocabulary of 11 around what the test adds.
struct HandMade {
  Graph graph;
  int x = -1;  // the embedding

  HandMade() {
    graph.info = {"Test", 11, 16, 1, 4, 2, 4, 64, 10000.0, {}, {}};
    graph.add_value(1);
    x = add(OpKind::embedding, {0}, 16, {weight("table", WeightRole::embedding, 11, 16)});
  }
  std::string weight(const std::string& name, WeightRole role, int rows, int cols) {
    graph.weights[name] = {name, role, rows, cols, {{name}}, false};
    return name;
  }
  int add(OpKind op, std::vector<int> inputs, int width, std::vector<std::string> weights = {}, Attributes a = {}) {
    const int value = graph.add_value(width);
    graph.nodes.push_back({op, std::move(inputs), {value}, std::move(weights), a, 0});
    return value;
  }
  int linear(int from, const std::string& name, int width) {
    const int cols = graph.widths[static_cast<size_t>(from)];
    return add(OpKind::linear, {from}, width, {weight(name, WeightRole::linear, width, cols)});
  }
  int norm(int from, const std::string& name) {
    const int width = graph.widths[static_cast<size_t>(from)];
    Attributes a;
    a.eps = 1e-5f;
    return add(OpKind::rms_norm, {from}, width, {weight(name, WeightRole::vector, 1, width)}, a);
  }
  int rope(int from, int heads) {
    Attributes a;
    a.heads = heads;
    a.head_dim = a.rotary_dim = 4;
    return add(OpKind::rope, {from}, heads * 4, {}, a);
  }
  int scale(int from, float factor) {
    Attributes a;
    a.scale = factor;
    return add(OpKind::scale, {from}, graph.widths[static_cast<size_t>(from)], {}, a);
  }
  int attention(int q, int k, int v) {
    Attributes a;
    a.heads = 4;
    a.kv_heads = 2;
    a.head_dim = 4;
    a.scale = 0.5f;
    return add(OpKind::attention, {q, k, v}, 16, {}, a);
  }
  /// Ends the graph at `from`.
  Graph finish(int from) {
    const int width = graph.widths[static_cast<size_t>(from)];
    const int rows = add(OpKind::needed_rows, {from}, width);
    graph.output = add(OpKind::linear, {rows}, 11, {weight("head", WeightRole::lm_head, 11, width)});
    return graph;
  }
};

inline const std::vector<int32_t> kIds = {3, 1, 4, 1, 5, 9, 2, 6};

inline std::vector<double> logits_of(const Graph& graph, const Graph& source) {
  return run_reference(graph, made_up_weights(source), kIds).value();
}

/// Largest difference as a share of the largest number; NaN when one is.
inline double difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.empty()) return std::nan("");
  double largest = 0, most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    if (!(std::abs(a[i] - b[i]) <= most)) most = std::abs(a[i] - b[i]);
  }
  return most / largest;
}

inline int count(const Graph& graph, OpKind op) {
  int found = 0;
  for (const Node& node : graph.nodes) found += node.op == op ? 1 : 0;
  return found;
}

}  // namespace flightdeck::test
