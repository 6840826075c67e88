#include "core/graph/arch.h"

#include <limits>

namespace flightdeck {

namespace {

/// The widths of all values must fit an int before a graph is written; check() looks at the rest.
Result<void> check_sizes(const ModelConfig& config) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  const int64_t heads = config.num_heads, kv_heads = config.num_kv_heads;
  if (heads < 1 || kv_heads < 1 || heads % kv_heads != 0)
    return fail(ErrorKind::corrupt, "{}: {} heads and {} key/value heads do not fit each other", config.architecture,
                heads, kv_heads);
  if (config.num_layers < 1 || config.num_layers > 4096)
    return fail(ErrorKind::corrupt, "{}: {} layers, expected 1 to 4096", config.architecture, config.num_layers);
  if (config.head_dim < 1 || (heads + 2 * kv_heads) * config.head_dim > kMost || config.hidden_size < 1 ||
      config.intermediate_size < 1 || int64_t{2} * config.intermediate_size > kMost)
    return fail(ErrorKind::corrupt, "{}: head_dim {}, hidden_size {}, intermediate_size {} are out of range",
                config.architecture, config.head_dim, config.hidden_size, config.intermediate_size);
  if (!config.alibi && config.head_dim % 2 != 0)
    return fail(ErrorKind::unsupported, "{}: rotary positions need an even head_dim, it is {}", config.architecture,
                config.head_dim);
  return {};
}

}  // namespace

Result<Graph> build_graph(const ModelConfig& config) {
  TRY_VOID(check_sizes(config));
  Graph graph = config.family == Family::baichuan ? baichuan_graph(config) : llama_graph(config);
  TRY_VOID(check(graph));
  return graph;
}

}  // namespace flightdeck
