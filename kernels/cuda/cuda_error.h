// Turns the CUDA libraries' status codes into DeviceError.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <string>

#include "kernels/device_error.h"

namespace flightdeck::cuda {

/// `what` says what was being done, for the message.
inline void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky is forgotten once read
  throw DeviceError(std::string(what) + ": " + cudaGetErrorString(status));
}

inline void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) throw DeviceError(std::string(what) + ": " + cublasLtGetStatusString(status));
}

}  // namespace flightdeck::cuda
