#include "kernels/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "kernels/cuda/cuda_error.h"

namespace flightdeck::cuda {

void Staging::upload(void* device, const void* host, size_t bytes) {
  if (!buffers_[0]) {
    for (int i = 0; i < 2; ++i) {
      check(cudaMallocHost(&buffers_[i], kBytes), "taking pinned memory");
      check(cudaEventCreateWithFlags(&free_[i], cudaEventDisableTiming), "making an event");
    }
  }
  auto* to = static_cast<std::byte*>(device);
  const auto* from = static_cast<const std::byte*>(host);
  for (size_t at = 0, turn = 0; at < bytes; at += kBytes, turn ^= 1) {
    const size_t piece = std::min(kBytes, bytes - at);
    check(cudaEventSynchronize(free_[turn]), "waiting for the GPU");  // an event never recorded is over
    std::memcpy(buffers_[turn], from + at, piece);
    check(cudaMemcpyAsync(to + at, buffers_[turn], piece, cudaMemcpyHostToDevice, context_.stream), "copying to the GPU");
    check(cudaEventRecord(free_[turn], context_.stream), "marking the stream");
  }
}

void Staging::release() {
  for (int i = 0; i < 2; ++i) {
    if (free_[i]) {
      cudaEventSynchronize(free_[i]);
      cudaEventDestroy(free_[i]);
    }
    cudaFreeHost(buffers_[i]);
    buffers_[i] = nullptr;
    free_[i] = nullptr;
  }
}

}  // namespace flightdeck::cuda
