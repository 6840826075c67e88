// How large a step may be and what it takes of the device: asked by whoever makes an executor and by whoever estimates
// one.
#pragma once

#include <vector>

#include "core/graph/plan.h"
#include "kernels/tensor.h"

namespace flightdeck {

/// Rows of logits that a step has room for, or one for each sequence where those are more.
constexpr int kLogitRows = 64;

/// A GPU needs thousands of tokens at once to be busy, and is done with them as soon as a CPU with a few hundred.
inline int default_step_tokens(DType activation) { return activation == DType::f32 ? 512 : 2048; }

/// A GPU's cache is float16 whatever the weights are. `kv_cache_dtype` and `dtype` are the engine's.
inline DType cache_type(const std::string& kv_cache_dtype, const std::string& dtype, DType activation) {
  const bool wide = kv_cache_dtype == "float32" || (kv_cache_dtype == "auto" && dtype == "float32");
  return wide && activation == DType::f32 ? DType::f32 : DType::f16;
}

/// Bytes of each slot of a plan's activations.
std::vector<size_t> slot_bytes(const Plan& plan, DType activation, int max_tokens, int max_logit_rows);

}  // namespace flightdeck
