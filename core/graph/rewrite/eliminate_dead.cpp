// Operations whose results nobody reads, and weights that no operation is left to use.
#include <algorithm>
#include <set>

#include "core/graph/passes.h"

namespace flightdeck {

int eliminate_dead(Graph& graph) {
  std::vector<char> wanted(graph.widths.size(), 0);
  if (graph.output >= 0) wanted[static_cast<size_t>(graph.output)] = 1;
  const auto is_wanted = [&](int value) { return wanted[static_cast<size_t>(value)] != 0; };
  std::vector<Node> kept;
  std::set<std::string> used;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (std::none_of(node->outputs.begin(), node->outputs.end(), is_wanted)) continue;
    for (int value : node->inputs) wanted[static_cast<size_t>(value)] = 1;
    used.insert(node->weights.begin(), node->weights.end());
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  const size_t removed = graph.nodes.size() - kept.size();
  graph.nodes = std::move(kept);
  const size_t weights = std::erase_if(graph.weights, [&](const auto& entry) { return !used.count(entry.first); });
  return static_cast<int>(removed + weights);
}

}  // namespace flightdeck
