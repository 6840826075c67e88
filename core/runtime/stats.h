// What the engine shows of itself: one snapshot for the strip and the charts, one record an iteration for the timeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/runtime/request.h"
#include "kernels/device_usage.h"

namespace flightdeck {

/// One running or waiting request, for the request list.
struct RequestView {
  RequestId id = 0;
  std::string label;
  enum class State : uint8_t { queued, prefill, decode } state = State::queued;
  int slot = -1;  // row of the timeline while scheduled
  int prompt_tokens = 0;
  int prefilled_tokens = 0;
  int generated_tokens = 0;
  double age_ms = 0;
  double tokens_per_s = 0;
};

/// The field names follow TensorRT-LLM's batch manager statistics.
struct EngineStats {
  uint64_t iteration = 0;
  int active_requests = 0;
  int queued_requests = 0;
  int max_requests = 0;      // slots
  int context_requests = 0;  // in prefill in the last step
  int generation_requests = 0;
  int max_kv_blocks = 0;
  int used_kv_blocks = 0;    // held by running requests
  int cached_kv_blocks = 0;  // free but kept for prefix reuse
  int tokens_per_block = 0;
  double decode_tokens_per_s = 0;  // over the last second
  double prefill_tokens_per_s = 0;
  double step_ms = 0;       // last step: from the end of the one before, or from its start after a pause
  double device_ms = 0;     // of it, on the device
  double host_ms = 0;       // of it, scheduling and sampling while the device waited
  double host_work_ms = 0;  // scheduling, sampling and delivery in all, hidden behind the device's work or not
  // Sums since the engine was loaded, for averages over a time:
  double total_step_ms = 0, total_device_ms = 0, total_host_work_ms = 0;
  uint64_t total_generated_tokens = 0;
  uint64_t total_prompt_tokens = 0;
  uint64_t total_reused_tokens = 0;
  uint64_t weight_bytes = 0;
  uint64_t kv_cache_bytes = 0;
  uint64_t host_rss_bytes = 0;
  DeviceUsage device;  // of a GPU, as its driver counts it; empty elsewhere
  std::vector<RequestView> requests;
};

/// What ran in one iteration.
struct IterationRecord {
  uint64_t iteration = 0;
  double start_ms = 0;  // since the engine was loaded
  double duration_ms = 0;
  int prefill_tokens = 0;
  int decode_tokens = 0;
  struct Entry {
    int slot = 0;
    RequestId id = 0;
    bool prefill = false;
    int tokens = 0;     // of this iteration
    int generated = 0;  // of the request so far
  };
  std::vector<Entry> entries;
};

}  // namespace flightdeck
