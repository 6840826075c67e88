#include "core/graph/arch/graph_builder.h"

namespace flightdeck {

GraphBuilder::GraphBuilder(const ModelConfig& config) : config_(config) {
  ModelInfo& info = graph_.info;
  info.architecture = config.architecture;
  info.vocab_size = config.vocab_size;
  info.hidden_size = config.hidden_size;
  info.num_layers = config.num_layers;
  info.num_heads = config.num_heads;
  info.num_kv_heads = config.num_kv_heads;
  info.head_dim = config.head_dim;
  info.max_positions = config.max_positions;
  info.rope_theta = config.rope_theta;
  info.bos_ids = config.bos_ids;
  info.eos_ids = config.eos_ids;
  graph_.add_value(1);
}

void GraphBuilder::enter_layer(int layer) {
  layer_ = layer;
  prefix_ = fmt::format("model.layers.{}.", layer);
}

void GraphBuilder::leave_layers() {
  layer_ = -1;
  prefix_.clear();
}

int GraphBuilder::append(OpKind op, std::vector<int> inputs, int width, std::vector<std::string> weights,
                         const Attributes& attributes) {
  const int value = graph_.add_value(width);
  graph_.nodes.push_back({op, std::move(inputs), {value}, std::move(weights), attributes, layer_});
  return value;
}

std::string GraphBuilder::add_weight(const std::string& name, WeightRole role, int rows, int cols, WeightPart part) {
  graph_.weights[prefix_ + name] = {prefix_ + name, role, rows, cols, {std::move(part)}, false};
  return prefix_ + name;
}

int GraphBuilder::embedding(const std::string& weight) {
  const std::string table =
      add_weight(weight, WeightRole::embedding, config_.vocab_size, config_.hidden_size, {prefix_ + weight});
  return append(OpKind::embedding, {0}, config_.hidden_size, {table});
}

int GraphBuilder::rms_norm(int x, const std::string& weight) {
  Attributes attributes;
  attributes.eps = static_cast<float>(config_.rms_norm_eps);
  const std::string vector = add_weight(weight, WeightRole::vector, 1, width_of(x), {prefix_ + weight});
  return append(OpKind::rms_norm, {x}, width_of(x), {vector}, attributes);
}

int GraphBuilder::linear(int x, const std::string& weight, int width) {
  const std::string matrix = add_weight(weight, WeightRole::linear, width, width_of(x), {prefix_ + weight});
  return append(OpKind::linear, {x}, width, {matrix});
}

int GraphBuilder::linear_rows(int x, const std::string& weight, const std::string& tensor, int begin, int end) {
  const std::string matrix =
      add_weight(weight, WeightRole::linear, end - begin, width_of(x), {prefix_ + tensor, begin, end});
  return append(OpKind::linear, {x}, end - begin, {matrix});
}

int GraphBuilder::rope(int x, int heads) {
  Attributes attributes;
  attributes.heads = heads;
  attributes.head_dim = attributes.rotary_dim = config_.head_dim;
  return append(OpKind::rope, {x}, width_of(x), {}, attributes);
}

int GraphBuilder::scale(int x, float factor) {
  Attributes attributes;
  attributes.scale = factor;
  return append(OpKind::scale, {x}, width_of(x), {}, attributes);
}

int GraphBuilder::attention(int q, int k, int v) {
  Attributes attributes;
  attributes.heads = config_.num_heads;
  attributes.kv_heads = config_.num_kv_heads;
  attributes.head_dim = config_.head_dim;
  attributes.window = config_.sliding_window;
  attributes.alibi = config_.alibi;
  return append(OpKind::attention, {q, k, v}, width_of(q), {}, attributes);
}

int GraphBuilder::activation(int x) { return append(OpKind::activation, {x}, width_of(x)); }
int GraphBuilder::multiply(int a, int b) { return append(OpKind::multiply, {a, b}, width_of(a)); }
int GraphBuilder::add(int a, int b) { return append(OpKind::add, {a, b}, width_of(a)); }

int GraphBuilder::swiglu(int x) {
  const int gate = linear(x, "mlp.gate_proj.weight", config_.intermediate_size);
  const int up = linear(x, "mlp.up_proj.weight", config_.intermediate_size);
  return linear(multiply(activation(gate), up), "mlp.down_proj.weight", config_.hidden_size);
}

// The rows are picked after the norm, not before: so the last add can join the norm as in every layer (one operation
// less in each decode step, where all rows are needed anyway), for a norm over the unneeded rows of a prefill.
Graph GraphBuilder::finish(int x) {
  leave_layers();
  x = rms_norm(x, "model.norm.weight");
  x = append(OpKind::needed_rows, {x}, width_of(x));
  const std::string tensor = config_.tied_head ? "model.embed_tokens.weight" : "lm_head.weight";
  const std::string head = add_weight("lm_head.weight", WeightRole::lm_head, config_.vocab_size, width_of(x), {tensor});
  const OpKind op = config_.norm_head ? OpKind::normalized_linear : OpKind::linear;
  graph_.output = append(op, {x}, config_.vocab_size, {head});
  return std::move(graph_);
}

}  // namespace flightdeck
