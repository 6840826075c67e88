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
  bool deterministic = false;  // sums are cut by a row's own shape, whatever else is in the batch
  int multiprocessors = 0;
  int compute_major = 0;    // 8 Ampere, 9 Hopper
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
  /// Copies host memory to the device in order with the stream; `host` may be reused when it returns. Large copies go
  /// through two pinned buffers in turn, so that the host fills one while the other travels: a plain copy of unpinned
  /// memory (a mapped file) reaches a fraction of the bus.
  void upload(void* device, const void* host, size_t bytes);
  /// True while a step is being captured: nothing may be allocated, timed or waited for.
  bool capturing() const { return capturing_; }
  void set_capturing(bool on) { capturing_ = on; }

 private:
  static constexpr size_t kPieceBytes = size_t{16} << 20;
  static constexpr size_t kStagedBytes = size_t{2} << 20;  // smaller copies gain nothing
  void take_pieces();

  void* pieces_[2] = {};  // pinned, taken at the first large copy
  cudaEvent_t piece_free_[2] = {};
  std::byte* scratch_ = nullptr;
  uint32_t* counters_ = nullptr;
  size_t scratch_bytes_ = 0;
  uint64_t generation_ = 0;
  bool capturing_ = false;
};

}  // namespace flightdeck::cuda
