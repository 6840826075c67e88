#include <algorithm>
#include <cstring>

#include "kernels/cuda/cuda_context.h"
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
  for (int i = 0; i < 2; ++i) {
    if (piece_free_[i]) cudaEventDestroy(piece_free_[i]);
    cudaFreeHost(pieces_[i]);
  }
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

void Context::take_pieces() {
  for (int i = 0; i < 2; ++i) {
    check(cudaMallocHost(&pieces_[i], kPieceBytes), "taking pinned memory");
    check(cudaEventCreateWithFlags(&piece_free_[i], cudaEventDisableTiming), "making an event");
  }
}

void Context::upload(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (bytes < kStagedBytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream), "copying to the GPU");
    return;
  }
  if (!piece_free_[1]) take_pieces();
  for (size_t at = 0, turn = 0; at < bytes; at += kPieceBytes, turn ^= 1) {
    const size_t piece = std::min(kPieceBytes, bytes - at);
    check(cudaEventSynchronize(piece_free_[turn]), "waiting for the GPU");  // an event never recorded is over
    std::memcpy(pieces_[turn], static_cast<const std::byte*>(from) + at, piece);
    check(cudaMemcpyAsync(static_cast<std::byte*>(to) + at, pieces_[turn], piece, cudaMemcpyHostToDevice, stream),
          "copying to the GPU");
    check(cudaEventRecord(piece_free_[turn], stream), "marking the stream");
  }
}

}  // namespace flightdeck::cuda
