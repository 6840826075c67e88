// Whole steps recorded as CUDA graphs: a decode step is some hundred launches, and replaying them as one costs the host
// microseconds instead of a millisecond.
#pragma once

#include <functional>
#include <map>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_context.h"

namespace flightdeck::cuda {

/// Engine thread only. A key's first step runs eagerly (scratch memory grows, tactics are measured), its second is
/// recorded, later ones are replayed. When scratch memory moves every recording is dropped.
class StepGraphs {
 public:
  explicit StepGraphs(Context& context) : context_(context) {}
  ~StepGraphs() { clear(); }
  StepGraphs(const StepGraphs&) = delete;
  StepGraphs& operator=(const StepGraphs&) = delete;

  void run(const StepKey& key, const std::function<void()>& operations);
  void clear();

 private:
  struct Entry {
    cudaGraphExec_t graph = nullptr;  // null: seen once, not recorded yet
    uint64_t last_used = 0;
  };
  cudaGraphExec_t record(const std::function<void()>& operations);
  void drop_oldest();

  static constexpr size_t kMostEntries = 96;
  Context& context_;
  std::map<StepKey, Entry> entries_;
  uint64_t generation_ = 0;  // of the context, when the entries were made
  uint64_t uses_ = 0;
};

}  // namespace flightdeck::cuda
