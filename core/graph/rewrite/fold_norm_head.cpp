// x · normalize(W)ᵀ  →  x · W'ᵀ with W' normalised once, when the engine is built and before it is quantized.
#include <map>

#include "core/graph/passes.h"

namespace flightdeck {

int fold_norm_head(Graph& graph) {
  std::map<std::string, int> other_uses;
  for (const Node& node : graph.nodes)
    for (const std::string& weight : node.weights) other_uses[weight] += node.op == OpKind::normalized_linear ? 0 : 1;
  int rewrites = 0;
  for (Node& node : graph.nodes) {
    if (node.op != OpKind::normalized_linear) continue;
    WeightSpec spec = graph.weights.at(node.weights[0]);
    spec.normalize_rows = true;
    if (other_uses[spec.name] > 0) spec.name += ".normalized";  // the plain rows are wanted too
    node.op = OpKind::linear;
    node.weights[0] = spec.name;
    graph.weights[spec.name] = std::move(spec);
    ++rewrites;
  }
  return rewrites;
}

}  // namespace flightdeck
