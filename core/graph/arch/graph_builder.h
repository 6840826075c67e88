// The words an architecture is written in: each call appends one operation and returns its value.
#pragma once

#include <string>

#include "core/checkpoint/model_config.h"
#include "core/graph/graph.h"

namespace flightdeck {

class GraphBuilder {
 public:
  explicit GraphBuilder(const ModelConfig& config);

  /// Operations from here on belong to this decoder layer, and their weights' names start with "model.layers.<layer>.".
  void enter_layer(int layer);
  void leave_layers();

  int embedding(const std::string& weight);
  int rms_norm(int x, const std::string& weight);
  int linear(int x, const std::string& weight, int width);
  /// Rows [begin, end) of a tensor that holds several projections.
  int linear_rows(int x, const std::string& weight, const std::string& tensor, int begin, int end);
  int rope(int x, int heads);
  int scale(int x, float factor);
  int attention(int q, int k, int v);
  int activation(int x);
  int multiply(int a, int b);
  int add(int a, int b);

  /// down(silu(gate(x)) * up(x)), the MLP of every family here.
  int swiglu(int x);
  /// Final norm, the rows somebody wants, vocabulary. Ends the graph.
  Graph finish(int x);

 private:
  int append(OpKind op, std::vector<int> inputs, int width, std::vector<std::string> weights = {},
             const Attributes& attributes = {});
  std::string add_weight(const std::string& name, WeightRole role, int rows, int cols, WeightPart part);
  int width_of(int value) const { return graph_.widths[static_cast<size_t>(value)]; }

  const ModelConfig& config_;
  Graph graph_;
  std::string prefix_;
  int layer_ = -1;
};

}  // namespace flightdeck
