#include "kernels/cuda/cuda_context.h"

#include <algorithm>

#include "kernels/cuda/cuda_error.h"

namespace flightdeck::cuda {

Context::Context(int device_index, DType activation_type) : device(device_index), activation(activation_type) {
  check(cudaSetDevice(device), "choosing the GPU");
  const auto attribute = [this](cudaDeviceAttr which) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, device), "asking the GPU what it is");
    return value;
  };
  multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
  compute_major = attribute(cudaDevAttrComputeCapabilityMajor);
  shared_bytes = static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
  check(cublasLtCreate(&blas), "starting cuBLASLt");
  check(cudaMalloc(reinterpret_cast<void**>(&counters_), kCounters * sizeof(uint32_t)), "taking memory for counters");
  check(cudaMemsetAsync(counters_, 0, kCounters * sizeof(uint32_t), stream), "clearing counters");
}

Context::~Context() {
  cudaSetDevice(device);
  if (stream) cudaStreamSynchronize(stream);
  cudaFree(scratch_);
  cudaFree(counters_);
  if (blas) cublasLtDestroy(blas);
  if (stream) cudaStreamDestroy(stream);
}

std::byte* Context::scratch(size_t bytes) {
  if (bytes <= scratch_bytes_) return scratch_;
  if (capturing_) throw DeviceError("the GPU's working memory would have to grow inside a captured step");
  check(cudaStreamSynchronize(stream), "waiting for the GPU");
  cudaFree(scratch_);
  scratch_ = nullptr;
  scratch_bytes_ = 0;
  const size_t wanted = std::max(bytes, size_t{32} << 20);
  if (cudaMalloc(reinterpret_cast<void**>(&scratch_), wanted) != cudaSuccess) {
    cudaGetLastError();
    size_t available = 0, total = 0;
    cudaMemGetInfo(&available, &total);
    throw DeviceOutOfMemory("The GPU's working memory", wanted, available);
  }
  scratch_bytes_ = wanted;
  ++generation_;
  return scratch_;
}

}  // namespace flightdeck::cuda
