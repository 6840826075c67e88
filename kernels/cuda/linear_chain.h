// Linears of a decode step one after another in one kernel: the weights of the next are on their way while a matrix's
// last sums are added up. The norm before a linear, the gate before it and the residual behind it are done on the way.
#pragma once

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// How the activations of a linear come into shared memory.
enum class Staging : uint8_t {
  plain,  // task.in as it is
  norm,   // rms_norm(task.in)
  gated   // activation(first half of task.in's columns) * second half
};

/// One linear of a chain; every linear after the first starts when all blocks have finished the one before.
struct ChainLink {
  LinearTask task;  // `tokens` is the same in all links
  Staging staging = Staging::plain;
  Activation kind = Activation::silu;  // gated
  float eps = 0;                       // norm
  const float* norm_weight = nullptr;  // norm
  void* staged = nullptr;              // [tokens, cols] what was staged, for later readers; none for plain
  int staged_stride = 0;
  void* residual = nullptr;  // [tokens, rows] gets the result added; or none
  int residual_stride = 0;
};

constexpr int kMaxLinks = 6;

struct Chain {
  ChainLink links[kMaxLinks];
  int count = 0;
};

/// Whether one kernel can run all links: one packing, all activations of a link in shared memory.
bool chain_fits(const Chain& chain, const Context& context);
void run_chain(const Chain& chain, Context& context);

}  // namespace flightdeck::cuda
