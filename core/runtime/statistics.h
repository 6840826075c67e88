// Rates over the last second and the record of iterations. Guarded by a mutex of its own: the engine thread writes, any
// thread reads copies.
#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "core/runtime/request_state.h"
#include "core/runtime/stats.h"

namespace flightdeck {

class Statistics {
 public:
  static constexpr size_t kMaxRecords = 2048;

  /// Engine thread: one iteration has run.
  void record(IterationRecord record, Clock::time_point now);
  /// Engine thread: the snapshot the next stats() returns; rates and totals are filled in here.
  void publish(EngineStats stats);

  EngineStats stats(Clock::time_point now) const;
  std::vector<IterationRecord> records_after(uint64_t iteration) const;

 private:
  struct Sample {
    Clock::time_point at;
    int prefill_tokens;
    int decode_tokens;
  };
  mutable std::mutex mutex_;
  EngineStats published_;
  std::deque<IterationRecord> records_;
  std::deque<Sample> samples_;  // of the last second and a little more
};

}  // namespace flightdeck
