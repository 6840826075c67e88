#include <algorithm>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/step_graphs.h"

namespace flightdeck::cuda {

void StepGraphs::run(const StepKey& key, const std::function<void()>& operations) {
  if (key.tokens == 0) return operations();
  if (generation_ != context_.generation()) clear();
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    operations();
    // Scratch memory that grew just now moved: what was recorded before points to the old place.
    if (generation_ != context_.generation()) clear();
    if (entries_.size() >= kMostEntries) drop_oldest();
    entries_[key].last_used = ++uses_;
    return;
  }
  Entry& entry = found->second;
  entry.last_used = ++uses_;
  if (!entry.graph) entry.graph = record(operations);
  check(cudaGraphLaunch(entry.graph, context_.stream), "replaying a step");
}

cudaGraphExec_t StepGraphs::record(const std::function<void()>& operations) {
  cudaGraph_t graph = nullptr;
  // Other threads may use the GPU meanwhile (listing devices), so only this thread's calls are watched.
  check(cudaStreamBeginCapture(context_.stream, cudaStreamCaptureModeThreadLocal), "recording a step");
  context_.set_capturing(true);
  try {
    operations();
  } catch (...) {
    context_.set_capturing(false);
    cudaStreamEndCapture(context_.stream, &graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();  // the broken recording is gone; the stream works again
    throw;
  }
  context_.set_capturing(false);
  check(cudaStreamEndCapture(context_.stream, &graph), "recording a step");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "making a graph of a step");
  return executable;
}

void StepGraphs::drop_oldest() {
  const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.last_used < b.second.last_used;
  });
  // A graph that still runs may be destroyed: its memory stays until it is done.
  if (oldest->second.graph) cudaGraphExecDestroy(oldest->second.graph);
  entries_.erase(oldest);
}

void StepGraphs::clear() {
  for (auto& [key, entry] : entries_) {
    if (entry.graph) cudaGraphExecDestroy(entry.graph);
  }
  entries_.clear();
  generation_ = context_.generation();
}

}  // namespace flightdeck::cuda
