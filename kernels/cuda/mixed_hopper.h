// The kernels behind mixed_gemm_hopper().
#pragma once

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// How a product is cut: tiles of 128 rows by 16, 32, 64 or 128 tokens, or of 256 rows by 128; each into 1 to 8 parts
/// of its columns.
struct SplitPlan {
  int rows = 0, tokens = 0, parts = 0;
};
SplitPlan plan_split(const LinearTask& task, const Context& context);

/// Up to 256 tokens: many blocks, two a multiprocessor (of 128 rows), whole tiles or parts of their columns; the parts
/// are summed inside a cluster, through shared memory.
constexpr int kMaxSplitTokens = 256;
void mixed_gemm_split(const LinearTask& task, const SplitPlan& plan, Context& context);

}  // namespace flightdeck::cuda
