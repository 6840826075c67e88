// The kernel behind mixed_gemm_hopper() for few tokens.
#pragma once

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// How a product is cut: tiles of 128 rows by 16, 32 or 64 tokens, each into 1 to 8 parts of its columns.
struct SplitPlan {
  int tokens = 0, parts = 0;
};
SplitPlan plan_split(const LinearTask& task, const Context& context);

/// Many blocks, two a multiprocessor, whole tiles or parts of their columns; the parts are summed inside a cluster,
/// through shared memory. Right for any number of tokens, used up to kMaxSplitTokens.
constexpr int kMaxSplitTokens = 64;
void mixed_gemm_split(const LinearTask& task, const SplitPlan& plan, Context& context);

}  // namespace flightdeck::cuda
