// A graph run by plain loops in double, one sequence, no cache: slow and obviously right. The oracle that verifies
// passes and that tests compare engines with.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/graph/graph.h"

namespace flightdeck {

/// The numbers of a weight, [rows, cols], before any normalisation of rows.
using WeightSource = std::function<std::vector<double>(const WeightSpec&)>;

/// Numbers that depend on nothing but the checkpoint tensor's name and the place in it, so that a weight and its
/// stacked or sliced forms agree. `source` is the graph as arch/ wrote it: it tells how many rows whole tensors have.
WeightSource made_up_weights(const Graph& source);

/// Logits [wanted.size(), vocab] of the sequence `ids` at the positions `wanted`, ascending; empty means all.
Result<std::vector<double>> run_reference(const Graph& graph, const WeightSource& weights, std::span<const int32_t> ids,
                                          std::vector<int> wanted = {});

}  // namespace flightdeck
