// Graph rewriting: named passes in a fixed order, each one file in rewrite/, each verified by running the graph before
// and after it on a small random model of the same family.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/checkpoint/model_config.h"
#include "core/graph/graph.h"

namespace flightdeck {

/// A pass changes the graph where its pattern matches and returns how many times it did.
struct Pass {
  const char* name;
  int (*apply)(Graph&);
};

int fuse_qkv(Graph&);               // three linears of one input → one; W_pack slices join again
int fuse_gate_up(Graph&);           // gate and up linears of one input → one
int fuse_residual_norm(Graph&);     // add, rms_norm → residual_rms_norm
int fuse_swiglu(Graph&);            // activation(gate) * up → gated_activation
int fuse_rope_cache_write(Graph&);  // rope(q), rope(k), attention → rope_cache_write, cached_attention
int fold_norm_head(Graph&);         // normalized_linear → linear with normalize_rows
int fold_constants(Graph&);         // scale into attention, scale by one away
int eliminate_dead(Graph&);         // nodes and weights nobody uses

/// In the order in which they run.
const std::vector<Pass>& all_passes();

struct PassReport {
  std::string name;
  int rewrites = 0;
  int operations_before = 0;
  int operations_after = 0;
  double max_difference = 0;  // of logits on the small random model
  double milliseconds = 0;
};

/// The same family and head structure (grouping, norm head, ALiBi, tied head, window) in a size that runs in
/// milliseconds.
ModelConfig shrink_config(const ModelConfig& config);

/// Runs the passes on `graph`, verifying each on the shrunken model; `graph` is unchanged when one is wrong.
Result<std::vector<PassReport>> run_passes(const std::vector<Pass>& passes, Graph& graph, const ModelConfig& config);

/// All passes but the disabled ones. Without fuse_rope_cache_write nobody can use what fuse_qkv joins, so it is skipped
/// too; likewise fuse_gate_up without fuse_swiglu.
Result<std::vector<PassReport>> rewrite(Graph& graph, const ModelConfig& config,
                                        const std::vector<std::string>& disabled = {});

}  // namespace flightdeck
