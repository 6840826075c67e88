// The two kernels behind mixed_gemm_hopper().
#pragma once

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// Up to 256 tokens: many blocks, two a multiprocessor, whole tiles or parts of their columns; the parts are summed
/// inside a cluster, through shared memory.
constexpr int kMaxSplitTokens = 256;
void mixed_gemm_split(const LinearTask& task, Context& context);

}  // namespace flightdeck::cuda
