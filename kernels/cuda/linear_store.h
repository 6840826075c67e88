// The end of every sum of a linear: scale of the row, bias, rounding.
#pragma once

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

/// What a row's sums are finished with.
struct SumEnd {
  float scale = 1;
  float bias = 0;
};
__device__ __forceinline__ SumEnd end_of(const LinearTask& task, int row) {
  SumEnd end;
  if (row >= task.weight.rows) return end;
  if (task.weight.row_scales) end.scale = __ldg(task.weight.row_scales + row);
  if (task.bias) end.bias = __ldg(task.bias + row);
  return end;
}

template <class T>
__device__ __forceinline__ void store_sum(const LinearTask& task, int row, int token, float sum, const SumEnd& end) {
  if (row >= task.weight.rows) return;
  sum = fmaf(sum, end.scale, end.bias);
  const size_t at = static_cast<size_t>(token) * task.out_stride + row;
  if (task.out_float) {
    static_cast<float*>(task.out)[at] = sum;
  } else {
    static_cast<T*>(task.out)[at] = from_float<T>(sum);
  }
}

}  // namespace flightdeck::cuda
