#include "core/graph/reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/graph/alibi.h"

namespace flightdeck {

namespace {

uint64_t mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t hash_of(const std::string& text) {  // FNV-1a
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

/// In [-1, 1), exact in float.
double number_at(uint64_t tensor, int64_t row, int64_t col) {
  const uint64_t bits = mix(mix(tensor ^ static_cast<uint64_t>(row)) ^ static_cast<uint64_t>(col));
  return static_cast<double>(bits >> 44) / 524288.0 - 1.0;
}

struct Rows {
  int rows = 0;
  int cols = 0;
  std::vector<double> data;

  Rows() = default;
  Rows(int rows_, int cols_)
      : rows(rows_), cols(cols_), data(static_cast<size_t>(rows_) * static_cast<size_t>(cols_)) {}
  double* row(int r) { return data.data() + static_cast<size_t>(r) * static_cast<size_t>(cols); }
  const double* row(int r) const { return data.data() + static_cast<size_t>(r) * static_cast<size_t>(cols); }
};

Rows columns(const Rows& from, int begin, int width) {
  Rows out(from.rows, width);
  for (int r = 0; r < from.rows; ++r) std::copy_n(from.row(r) + begin, width, out.row(r));
  return out;
}

double activate(Activation kind, double x) {
  switch (kind) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
  }
  return 0;
}

class Interpreter {
 public:
  Interpreter(const Graph& graph, const WeightSource& weights, std::span<const int32_t> ids, std::vector<int> wanted)
      : graph_(graph), source_(weights), ids_(ids), wanted_(std::move(wanted)), values_(graph.widths.size()) {
    keys_.resize(static_cast<size_t>(graph.info.num_layers));
    cached_values_.resize(keys_.size());
  }

  std::vector<double> run() {
    for (const Node& node : graph_.nodes) execute(node);
    return std::move(value(graph_.output).data);
  }

 private:
  Rows& value(int id) { return values_[static_cast<size_t>(id)]; }
  Rows& in(const Node& node, size_t i) { return value(node.inputs[i]); }
  int out_width(const Node& node, size_t i) { return graph_.widths[static_cast<size_t>(node.outputs[i])]; }
  void give(const Node& node, Rows rows) { value(node.outputs[0]) = std::move(rows); }

  Rows weight(const Node& node, size_t i, bool normalize = false) {
    const WeightSpec& spec = graph_.weights.at(node.weights[i]);
    Rows rows(static_cast<int>(spec.rows), static_cast<int>(spec.cols));
    rows.data = source_(spec);
    for (int r = 0; (normalize || spec.normalize_rows) && r < rows.rows; ++r) {
      double* row = rows.row(r);
      const double norm = std::sqrt(std::inner_product(row, row + rows.cols, row, 0.0));
      for (int c = 0; c < rows.cols; ++c) row[c] /= std::max(norm, 1e-12);
    }
    return rows;
  }

  void execute(const Node& node) {
    switch (node.op) {
      case OpKind::embedding:
        return embedding(node);
      case OpKind::rms_norm:
        return give(node, normalize(node, in(node, 0)));
      case OpKind::residual_rms_norm:
        return residual_rms_norm(node);
      case OpKind::linear:
        return linear(node, false);
      case OpKind::normalized_linear:
        return linear(node, true);
      case OpKind::rope:
        return give(node, rotate(in(node, 0), node.attributes));
      case OpKind::scale:
        return each(node, [&](double x) { return x * double{node.attributes.scale}; });
      case OpKind::activation:
        return each(node, [&](double x) { return activate(node.attributes.activation, x); });
      case OpKind::multiply:
        return pairs(node, std::multiplies<>());
      case OpKind::add:
        return pairs(node, std::plus<>());
      case OpKind::needed_rows:
        return needed_rows(node);
      case OpKind::gated_activation:
        return gated_activation(node);
      case OpKind::attention:
        return give(node, attend(node, in(node, 0), in(node, 1), in(node, 2)));
      case OpKind::rope_cache_write:
        return rope_cache_write(node);
      case OpKind::cached_attention:
        return cached_attention(node);
    }
  }

  template <class F>
  void each(const Node& node, F f) {
    Rows out = in(node, 0);
    for (double& x : out.data) x = f(x);
    give(node, std::move(out));
  }

  template <class F>
  void pairs(const Node& node, F f) {
    Rows out = in(node, 0);
    for (size_t i = 0; i < out.data.size(); ++i) out.data[i] = f(out.data[i], in(node, 1).data[i]);
    give(node, std::move(out));
  }

  void embedding(const Node& node) {
    const Rows table = weight(node, 0);
    Rows out(static_cast<int>(ids_.size()), table.cols);
    for (int t = 0; t < out.rows; ++t) std::copy_n(table.row(ids_[static_cast<size_t>(t)]), table.cols, out.row(t));
    give(node, std::move(out));
  }

  Rows normalize(const Node& node, const Rows& x) {
    const Rows w = weight(node, 0);
    Rows out(x.rows, x.cols);
    for (int t = 0; t < x.rows; ++t) {
      const double* row = x.row(t);
      const double mean = std::inner_product(row, row + x.cols, row, 0.0) / x.cols;
      for (int c = 0; c < x.cols; ++c)
        out.row(t)[c] = row[c] / std::sqrt(mean + double{node.attributes.eps}) * w.data[static_cast<size_t>(c)];
    }
    return out;
  }

  void residual_rms_norm(const Node& node) {
    Rows sum = in(node, 0);
    for (size_t i = 0; i < sum.data.size(); ++i) sum.data[i] += in(node, 1).data[i];
    value(node.outputs[1]) = normalize(node, sum);
    give(node, std::move(sum));
  }

  void linear(const Node& node, bool normalize_rows) {
    const Rows& x = in(node, 0);
    const Rows w = weight(node, 0, normalize_rows);
    Rows out(x.rows, w.rows);
    for (int t = 0; t < x.rows; ++t)
      for (int r = 0; r < w.rows; ++r) out.row(t)[r] = std::inner_product(x.row(t), x.row(t) + x.cols, w.row(r), 0.0);
    if (node.weights.size() > 1) {
      const Rows bias = weight(node, 1);
      for (int t = 0; t < out.rows; ++t)
        for (int r = 0; r < out.cols; ++r) out.row(t)[r] += bias.data[static_cast<size_t>(r)];
    }
    int column = 0;
    for (size_t i = 0; i < node.outputs.size(); column += out_width(node, i), ++i)
      value(node.outputs[i]) = columns(out, column, out_width(node, i));
  }

  /// Pairs (i, i + rotary_dim / 2) of every head turn by position * theta^(-2 i / rotary_dim).
  Rows rotate(Rows x, const Attributes& a) const {
    const int half = a.rotary_dim / 2;
    for (int t = 0; t < x.rows; ++t)
      for (int head = 0; head * a.head_dim < x.cols; ++head)
        for (int i = 0; i < half; ++i) {
          double* pair = x.row(t) + head * a.head_dim + i;
          const double angle = t * std::pow(graph_.info.rope_theta, -2.0 * i / a.rotary_dim);
          const double first = pair[0], second = pair[half];
          pair[0] = first * std::cos(angle) - second * std::sin(angle);
          pair[half] = second * std::cos(angle) + first * std::sin(angle);
        }
    return x;
  }

  Rows attend(const Node& node, const Rows& q, const Rows& k, const Rows& v) const {
    const Attributes& a = node.attributes;
    const std::vector<float> slopes =
        a.alibi ? alibi_slopes(a.heads) : std::vector<float>(static_cast<size_t>(a.heads));
    Rows out(q.rows, a.heads * a.head_dim);
    std::vector<double> scores;
    for (int t = 0; t < q.rows; ++t)
      for (int head = 0; head < a.heads; ++head) {
        const int kv = head / (a.heads / a.kv_heads) * a.head_dim;
        const int begin = a.window > 0 ? std::max(0, t - a.window + 1) : 0;
        const double* query = q.row(t) + head * a.head_dim;
        scores.clear();
        for (int j = begin; j <= t; ++j)
          scores.push_back(std::inner_product(query, query + a.head_dim, k.row(j) + kv, 0.0) * double{a.scale} +
                           double{slopes[static_cast<size_t>(head)]} * (j - t));
        const double largest = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double& score : scores) sum += score = std::exp(score - largest);
        for (int j = begin; j <= t; ++j)
          for (int d = 0; d < a.head_dim; ++d)
            out.row(t)[head * a.head_dim + d] += scores[static_cast<size_t>(j - begin)] / sum * v.row(j)[kv + d];
      }
    return out;
  }

  void rope_cache_write(const Node& node) {
    const Attributes& a = node.attributes;
    const int q_width = a.heads * a.head_dim, kv_width = a.kv_heads * a.head_dim;
    Rows qkv = in(node, 0);
    const Rows q = rotate(columns(qkv, 0, q_width), a);
    keys_[static_cast<size_t>(node.layer)] = rotate(columns(qkv, q_width, kv_width), a);
    cached_values_[static_cast<size_t>(node.layer)] = columns(qkv, q_width + kv_width, kv_width);
    for (int t = 0; t < q.rows; ++t) {
      std::copy_n(q.row(t), q_width, qkv.row(t));
      std::fill(qkv.row(t) + q_width, qkv.row(t) + qkv.cols, std::nan(""));  // nobody may read these columns now
    }
    give(node, std::move(qkv));
  }

  void cached_attention(const Node& node) {
    const Rows q = columns(in(node, 0), 0, node.attributes.heads * node.attributes.head_dim);
    const size_t layer = static_cast<size_t>(node.layer);
    give(node, attend(node, q, keys_[layer], cached_values_[layer]));
  }

  void gated_activation(const Node& node) {
    const Rows& x = in(node, 0);
    Rows out(x.rows, x.cols / 2);
    for (int t = 0; t < x.rows; ++t)
      for (int c = 0; c < out.cols; ++c)
        out.row(t)[c] = activate(node.attributes.activation, x.row(t)[c]) * x.row(t)[out.cols + c];
    give(node, std::move(out));
  }

  void needed_rows(const Node& node) {
    const Rows& x = in(node, 0);
    Rows out(static_cast<int>(wanted_.size()), x.cols);
    for (int i = 0; i < out.rows; ++i) std::copy_n(x.row(wanted_[static_cast<size_t>(i)]), x.cols, out.row(i));
    give(node, std::move(out));
  }

  const Graph& graph_;
  const WeightSource& source_;
  std::span<const int32_t> ids_;
  std::vector<int> wanted_;
  std::vector<Rows> values_;
  std::vector<Rows> keys_, cached_values_;  // by layer
};

}  // namespace

WeightSource made_up_weights(const Graph& source) {
  std::map<std::string, int64_t> whole;  // rows of tensors used whole
  for (const auto& [name, spec] : source.weights)
    if (spec.parts.size() == 1 && spec.parts[0].row_end == -1)
      whole[spec.parts[0].tensor] = spec.role == WeightRole::vector ? spec.cols : spec.rows;
  return [whole](const WeightSpec& spec) {
    const bool vector = spec.role == WeightRole::vector;
    const int64_t cols = vector ? 1 : spec.cols;
    const double size = vector ? 0.25 : std::sqrt(3.0 / static_cast<double>(cols)), centre = vector ? 1.0 : 0.0;
    std::vector<double> numbers;
    for (const WeightPart& part : spec.parts) {
      const auto known = whole.find(part.tensor);
      const uint64_t tensor = hash_of(part.tensor);
      const int64_t end = part.row_end >= 0 ? part.row_end : known == whole.end() ? 0 : known->second;
      for (int64_t row = part.row_begin; row < end; ++row)
        for (int64_t col = 0; col < cols; ++col)
          numbers.push_back(static_cast<float>(centre + size * number_at(tensor, row, col)));
    }
    return numbers;
  };
}

Result<std::vector<double>> run_reference(const Graph& graph, const WeightSource& weights, std::span<const int32_t> ids,
                                          std::vector<int> wanted) {
  TRY_VOID(check(graph));
  for (int32_t id : ids)
    if (id < 0 || id >= graph.info.vocab_size)
      return fail(ErrorKind::invalid_input, "token id {} is outside the vocabulary of {}", id, graph.info.vocab_size);
  if (wanted.empty()) {
    wanted.resize(ids.size());
    std::iota(wanted.begin(), wanted.end(), 0);
  }
  for (int position : wanted)
    if (position < 0 || static_cast<size_t>(position) >= ids.size())
      return fail(ErrorKind::invalid_input, "position {} is outside the sequence of {}", position, ids.size());
  const auto checked = [&](const WeightSpec& spec) {
    std::vector<double> numbers = weights(spec);
    numbers.resize(static_cast<size_t>(spec.rows * spec.cols), std::nan(""));  // too few show up in the logits
    return numbers;
  };
  const WeightSource source = checked;
  return Interpreter(graph, source, ids, std::move(wanted)).run();
}

}  // namespace flightdeck
