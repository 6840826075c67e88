// float16 and bfloat16 activations: conversions, and one switch from DType to type.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/device_error.h"
#include "kernels/tensor.h"

namespace flightdeck::cuda {

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(__half x) { return __half2float(x); }
__device__ __forceinline__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }

template <class T>
__device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) {
  return x;
}
template <>
__device__ __forceinline__ __half from_float<__half>(float x) {
  return __float2half_rn(x);
}
template <>
__device__ __forceinline__ __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

/// Calls run(T{}) with T the C++ type of the activations.
template <class Run>
void with_activation_type(DType dtype, Run&& run) {
  switch (dtype) {
    case DType::f16:
      return run(__half{});
    case DType::bf16:
      return run(__nv_bfloat16{});
    default:
      throw DeviceError("the CUDA engine computes in float16 or bfloat16 only");
  }
}

}  // namespace flightdeck::cuda
