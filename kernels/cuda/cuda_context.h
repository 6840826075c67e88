// What every CUDA operation gets beside its arguments: the stream, the libraries' handles, scratch memory.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "kernels/tensor.h"

namespace flightdeck::cuda {

/// Engine thread only. Everything runs in order on one stream.
class Context {
 public:
  /// activation: f16 or bf16. Throws DeviceError.
  Context(int device, DType activation);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const int device;
  const DType activation;
  int multiprocessors = 0;
  int compute_major = 0;  // 8 Ampere, 9 Hopper
  size_t shared_bytes = 0;  // a block may have, opted in
  cudaStream_t stream = nullptr;
  cublasLtHandle_t blas = nullptr;

  /// Device memory valid until the next call, 256-byte aligned. Grows to the largest operation seen and stays; growing
  /// changes generation(), and graphs captured before must not be replayed.
  std::byte* scratch(size_t bytes);
  uint64_t generation() const { return generation_; }
  /// kCounters zeros for kernels whose blocks count each other; a kernel leaves zeros behind.
  uint32_t* counters() const { return counters_; }
  static constexpr size_t kCounters = 1024;
  /// True while a step is being captured: nothing may be allocated, timed or waited for.
  bool capturing() const { return capturing_; }
  void set_capturing(bool on) { capturing_ = on; }

 private:
  std::byte* scratch_ = nullptr;
  uint32_t* counters_ = nullptr;
  size_t scratch_bytes_ = 0;
  uint64_t generation_ = 0;
  bool capturing_ = false;
};

}  // namespace flightdeck::cuda
