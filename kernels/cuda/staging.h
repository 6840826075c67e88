// Large copies from ordinary host memory (a mapped file) to the device: through two pinned buffers in turn, so that the
// host fills one while the other travels. A plain copy of unpinned memory reaches a fraction of the bus.
#pragma once

#include <cstddef>

#include "kernels/cuda/cuda_context.h"

namespace flightdeck::cuda {

/// Engine thread (or the loading one) only. Pinned memory is taken at the first large copy and kept until release().
class Staging {
 public:
  explicit Staging(Context& context) : context_(context) {}
  ~Staging() { release(); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// In order with the stream; `host` may be reused when it returns.
  void upload(void* device, const void* host, size_t bytes);
  void release();

 private:
  static constexpr size_t kBytes = size_t{16} << 20;
  Context& context_;
  void* buffers_[2] = {};
  cudaEvent_t free_[2] = {};
};

}  // namespace flightdeck::cuda
