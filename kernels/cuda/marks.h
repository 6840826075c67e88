// Points in the order of a stream: the last 1024 of them, as CUDA events.
#pragma once

#include <vector>

#include "kernels/cuda/cuda_error.h"

namespace flightdeck::cuda {

/// Engine thread only.
class Marks {
 public:
  Marks() = default;
  ~Marks() {
    for (const cudaEvent_t event : events_) cudaEventDestroy(event);
  }
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;

  uint64_t record(cudaStream_t stream) {
    if (events_.size() < kKept) {
      cudaEvent_t event = nullptr;
      check(cudaEventCreate(&event), "making an event");
      events_.push_back(event);
    }
    check(cudaEventRecord(at(next_), stream), "marking the stream");
    return next_++;
  }
  void wait(uint64_t mark) const { check(cudaEventSynchronize(at(mark)), "waiting for the GPU"); }
  double milliseconds(uint64_t first, uint64_t second) const {
    float elapsed = 0;
    check(cudaEventElapsedTime(&elapsed, at(first), at(second)), "reading the GPU's clock");
    return static_cast<double>(elapsed);
  }

 private:
  static constexpr uint64_t kKept = 1024;
  cudaEvent_t at(uint64_t mark) const { return events_[mark % kKept]; }

  std::vector<cudaEvent_t> events_;
  uint64_t next_ = 0;
};

}  // namespace flightdeck::cuda
