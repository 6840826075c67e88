#include "core/graph/operations.h"

#include <array>
#include <cmath>

namespace flightdeck {

namespace {

constexpr std::array<Signature, 15> kSignatures = {{
    {OpKind::embedding, "embedding", 1, 1, 1, true, ""},
    {OpKind::rms_norm, "rms_norm", 1, 1, 1, true, ""},
    {OpKind::linear, "linear", 1, 1, 1, true, ""},
    {OpKind::normalized_linear, "normalized_linear", 1, 1, 1, false, "fold_norm_head"},
    {OpKind::rope, "rope", 1, 1, 0, true, ""},
    {OpKind::scale, "scale", 1, 1, 0, false, "fold_constants"},
    {OpKind::attention, "attention", 3, 1, 0, true, ""},
    {OpKind::activation, "activation", 1, 1, 0, true, ""},
    {OpKind::multiply, "multiply", 2, 1, 0, true, ""},
    {OpKind::add, "add", 2, 1, 0, true, ""},
    {OpKind::needed_rows, "needed_rows", 1, 1, 0, true, ""},
    {OpKind::residual_rms_norm, "residual_rms_norm", 2, 2, 1, true, ""},
    {OpKind::gated_activation, "gated_activation", 1, 1, 0, true, ""},
    {OpKind::rope_cache_write, "rope_cache_write", 1, 1, 0, true, ""},
    {OpKind::cached_attention, "cached_attention", 1, 1, 0, true, ""},
}};

constexpr std::array<std::string_view, 4> kActivations = {"silu", "gelu", "gelu_tanh", "relu"};
constexpr std::array<std::string_view, 4> kRoles = {"embedding", "linear", "lm_head", "vector"};

template <class Enum, size_t N>
std::optional<Enum> find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

/// The rules of one node; every failure names the operation and its layer.
class NodeCheck {
 public:
  NodeCheck(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  Result<void> run() const {
    TRY_VOID(arity());
    if (node_.attributes != used_attributes()) return wrong("it has an attribute that is none of its own");
    switch (node_.op) {
      case OpKind::embedding:
        return embedding();
      case OpKind::rms_norm:
        return all_of({in(0), out(0)}, vector_length(), true);
      case OpKind::residual_rms_norm:
        return all_of({in(0), in(1), out(0), out(1)}, vector_length(), true);
      case OpKind::linear:
      case OpKind::normalized_linear:
        return linear();
      case OpKind::rope:
        return rope();
      case OpKind::attention:
        return attention({q_width(), kv_width(), kv_width()}, q_width());
      case OpKind::cached_attention:
        return attention({q_width() + 2 * kv_width()}, q_width());
      case OpKind::rope_cache_write:
        return rope_cache_write();
      case OpKind::scale:
        if (!std::isfinite(node_.attributes.scale)) return wrong("the factor is not a finite number");
        return all_of({out(0)}, in(0), false);
      case OpKind::activation:
      case OpKind::needed_rows:
        return all_of({out(0)}, in(0), false);
      case OpKind::multiply:
      case OpKind::add:
        return all_of({in(1), out(0)}, in(0), false);
      case OpKind::gated_activation:
        return all_of({in(0)}, 2 * out(0), false);
    }
    return wrong("the operation is unknown");
  }

 private:
  template <class... Args>
  tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorKind::corrupt, "{}: {}", describe(node_), fmt::format(format, std::forward<Args>(args)...));
  }
  int64_t in(size_t i) const { return graph_.widths[static_cast<size_t>(node_.inputs[i])]; }
  int64_t out(size_t i) const { return graph_.widths[static_cast<size_t>(node_.outputs[i])]; }
  const WeightSpec& weight(size_t i) const { return graph_.weights.at(node_.weights[i]); }
  int64_t q_width() const { return int64_t{node_.attributes.heads} * node_.attributes.head_dim; }
  int64_t kv_width() const { return int64_t{node_.attributes.kv_heads} * node_.attributes.head_dim; }

  /// The attributes with all that this kind of operation does not read left at their defaults: executors size tables by
  /// attributes, so a stray one is no harmless one.
  Attributes used_attributes() const {
    const Attributes& a = node_.attributes;
    switch (node_.op) {
      case OpKind::rms_norm:
      case OpKind::residual_rms_norm:
        return {.eps = a.eps};
      case OpKind::scale:
        return {.scale = a.scale};
      case OpKind::rope:
        return {.heads = a.heads, .head_dim = a.head_dim, .rotary_dim = a.rotary_dim};
      case OpKind::rope_cache_write:
        return {.heads = a.heads, .kv_heads = a.kv_heads, .head_dim = a.head_dim, .rotary_dim = a.rotary_dim};
      case OpKind::attention:
      case OpKind::cached_attention: {
        Attributes used = a;
        used.rotary_dim = 0;
        used.eps = 0;
        used.activation = Activation::silu;
        return used;
      }
      case OpKind::activation:
      case OpKind::gated_activation:
        return {.activation = a.activation};
      default:
        return {};
    }
  }

  int64_t vector_length() const { return weight(0).role == WeightRole::vector ? weight(0).cols : -1; }

  Result<void> arity() const {
    const Signature& expected = signature_of(node_.op);
    const bool joined = node_.op == OpKind::linear && node_.outputs.size() >= 1 && node_.outputs.size() <= 3;
    if (node_.inputs.size() != static_cast<size_t>(expected.inputs))
      return wrong("{} inputs, expected {}", node_.inputs.size(), expected.inputs);
    if (node_.outputs.size() != static_cast<size_t>(expected.outputs) && !joined)
      return wrong("{} outputs, expected {}", node_.outputs.size(), expected.outputs);
    const bool linear = node_.op == OpKind::linear || node_.op == OpKind::normalized_linear;
    const size_t least = static_cast<size_t>(expected.weights), most = least + (linear ? 1 : 0);
    if (node_.weights.size() < least || node_.weights.size() > most)
      return wrong("{} weights, expected {}", node_.weights.size(), least);
    return {};
  }

  Result<void> all_of(std::initializer_list<int64_t> widths, int64_t expected, bool norm) const {
    for (int64_t width : widths)
      if (width != expected) return wrong("a width of {}, expected {}", width, expected);
    const float eps = node_.attributes.eps;
    if (norm && !(eps >= 0.0f && eps <= 1.0f)) return wrong("eps is {}, expected 0 to 1", eps);
    return {};
  }

  Result<void> embedding() const {
    const WeightSpec& table = weight(0);
    if (node_.inputs[0] != 0) return wrong("it reads value {}, not the token ids", node_.inputs[0]);
    if (table.role != WeightRole::embedding || table.rows != graph_.info.vocab_size || table.cols != out(0))
      return wrong("the table {} is [{}, {}], expected [{}, {}]", table.name, table.rows, table.cols,
                   graph_.info.vocab_size, out(0));
    return {};
  }

  Result<void> linear() const {
    const WeightSpec& matrix = weight(0);
    int64_t width = 0;
    for (size_t i = 0; i < node_.outputs.size(); ++i) width += out(i);
    if (matrix.role != WeightRole::linear && matrix.role != WeightRole::lm_head)
      return wrong("{} is a weight of role {}", matrix.name, name_of(matrix.role));
    if (matrix.cols != in(0) || matrix.rows != width)
      return wrong("{} is [{}, {}], expected [{}, {}]", matrix.name, matrix.rows, matrix.cols, width, in(0));
    if (node_.weights.size() == 2 && (weight(1).role != WeightRole::vector || weight(1).cols != width))
      return wrong("the bias {} has {} numbers, expected {}", weight(1).name, weight(1).cols, width);
    return {};
  }

  Result<void> rotary(int least) const {
    const Attributes& a = node_.attributes;
    if (a.rotary_dim < least || a.rotary_dim > a.head_dim || a.rotary_dim % 2 != 0)
      return wrong("rotary_dim is {}, expected an even number in [{}, {}]", a.rotary_dim, least, a.head_dim);
    return {};
  }

  Result<void> rope() const {
    if (node_.attributes.heads < 1 || node_.attributes.head_dim < 1) return wrong("no heads");
    TRY_VOID(rotary(2));
    return all_of({in(0), out(0)}, q_width(), false);
  }

  /// The cache is made for the model's kv heads, so these must agree whoever wrote the graph.
  Result<void> cache() const {
    const Attributes& a = node_.attributes;
    const ModelInfo& info = graph_.info;
    if (node_.layer < 0) return wrong("it has no layer");
    if (a.kv_heads != info.num_kv_heads || a.head_dim != info.head_dim)
      return wrong("{} key/value heads of {}, the model has {} of {}", a.kv_heads, a.head_dim, info.num_kv_heads,
                   info.head_dim);
    if (a.heads < 1 || a.heads > (1 << 16) || a.heads % a.kv_heads != 0)
      return wrong("{} heads, expected a multiple of {}", a.heads, a.kv_heads);
    return {};
  }

  Result<void> attention(std::initializer_list<int64_t> inputs, int64_t output) const {
    TRY_VOID(cache());
    size_t i = 0;
    for (int64_t expected : inputs) {
      if (in(i) != expected) return wrong("input {} has a width of {}, expected {}", i, in(i), expected);
      ++i;
    }
    if (!std::isfinite(node_.attributes.scale)) return wrong("the scale is not a finite number");
    if (node_.attributes.window < 0) return wrong("window is {}", node_.attributes.window);
    return all_of({out(0)}, output, false);
  }

  Result<void> rope_cache_write() const {
    TRY_VOID(cache());
    TRY_VOID(rotary(0));
    return all_of({in(0), out(0)}, q_width() + 2 * kv_width(), false);
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

const Signature& signature_of(OpKind op) { return kSignatures[static_cast<size_t>(op)]; }

std::optional<OpKind> op_named(std::string_view name) {
  for (const Signature& signature : kSignatures)
    if (signature.name == name) return signature.op;
  return std::nullopt;
}

std::string_view name_of(OpKind op) { return signature_of(op).name; }

std::string_view name_of(Activation activation) { return kActivations[static_cast<size_t>(activation)]; }
std::optional<Activation> activation_named(std::string_view name) { return find_name<Activation>(kActivations, name); }
std::string_view name_of(WeightRole role) { return kRoles[static_cast<size_t>(role)]; }
std::optional<WeightRole> weight_role_named(std::string_view name) { return find_name<WeightRole>(kRoles, name); }

bool runs_in_place(OpKind op) {
  return op == OpKind::residual_rms_norm || op == OpKind::rope || op == OpKind::rope_cache_write;
}

std::string describe(const Node& node) {
  if (node.layer < 0) return std::string(name_of(node.op));
  return fmt::format("{} of layer {}", name_of(node.op), node.layer);
}

Result<void> check_node(const Graph& graph, const Node& node) { return NodeCheck(graph, node).run(); }

}  // namespace flightdeck
