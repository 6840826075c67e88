// Weights times few tokens with what stands around the linear done on the way: the norm before it, the residual or the
// gate behind it. In a decode step every kernel between two linears costs as much as reading 15 MB of weights.
#pragma once

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// A linear of at most kGemvTokens tokens and its surroundings.
struct FusedLinear {
  LinearTask task;  // `in` is what is normalized, where something is
  // rms_norm before the product:
  const float* norm_weight = nullptr;  // [cols] or none
  float eps = 0;
  void* normed = nullptr;  // [tokens, cols] gets the normalized rows, for later readers
  int normed_stride = 0;
  // residual += the product:
  void* residual = nullptr;  // [tokens, rows] or none
  int residual_stride = 0;
  // activation(first half of the product's columns) * second half:
  void* gated = nullptr;  // [tokens, rows / 2] or none
  int gated_stride = 0;
  Activation gate = Activation::silu;
};

/// Whether the activations fit into shared memory, and the halves of a gate into whole tiles.
bool fused_gemv_fits(const FusedLinear& linear, const Context& context);
void fused_gemv(const FusedLinear& linear, Context& context);

}  // namespace flightdeck::cuda
