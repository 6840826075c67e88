// Everything of a loaded engine that does not change while it runs: plan, weights on the device, cache, executor.
#pragma once

#include <memory>
#include <vector>

#include "core/executor/executor.h"
#include "core/runtime/engine.h"
#include "core/runtime/scheduler.h"

namespace flightdeck {

struct LoadedModel {
  EngineInfo info;
  Plan plan;
  std::shared_ptr<const Tokenizer> tokenizer;
  ChatPrompt chat_prompt;
  SamplingParams sampling;
  SchedulerOptions scheduling;
  int max_queue = 0;
  // Destroyed in reverse: what uses the backend before the backend.
  std::unique_ptr<Backend> backend;
  WeightStore weights;
  std::unique_ptr<KvCache> cache;
  std::unique_ptr<Executor> executor;
};

/// Chooses the device (tests bring a backend of their own), packs the weights, sizes and allocates the cache. Caller's
/// thread.
Result<std::unique_ptr<LoadedModel>> load_model(EngineSource source, const EngineOptions& options,
                                                const std::function<void(const LoadProgress&)>& progress,
                                                std::stop_token stop, std::unique_ptr<Backend> backend = nullptr);

}  // namespace flightdeck
