// The activation functions, one value at a time.
#pragma once

#include <cmath>

#include "kernels/ops.h"

namespace flightdeck::cuda {

__device__ __forceinline__ float activate(Activation kind, float x) {
  switch (kind) {
    case Activation::silu:
      return x / (1.0f + __expf(-x));
    case Activation::gelu:
      return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    case Activation::gelu_tanh:
      return 0.5f * x * (1.0f + tanhf(0.7978845608f * fmaf(0.044715f * x * x, x, x)));
    case Activation::relu:
      return x > 0.0f || isnan(x) ? x : 0.0f;  // a fault stays visible
  }
  return x;
}

}  // namespace flightdeck::cuda
