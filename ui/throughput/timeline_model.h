// What the batch timeline shows: for every slot, runs of one sequence over consecutive iterations. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "core/runtime/stats.h"

namespace flightdeck {

/// A sequence in one slot over the iterations [first, last], all prefill or all decode.
struct TimelineRun {
  int slot = 0;
  RequestId id = 0;
  bool prefill = false;
  uint64_t first = 0, last = 0;
  int tokens = 0;     // of these iterations
  int generated = 0;  // of the request so far
};

class TimelineModel {
 public:
  /// Records in the order of their iterations; old ones fall out.
  void add(const std::vector<IterationRecord>& records);
  void clear();
  uint64_t lastIteration() const { return last_; }
  int slots() const { return slots_; }
  void setSlots(int slots) { slots_ = slots > slots_ ? slots : slots_; }
  /// Runs that touch the last `columns` iterations, in no particular order.
  std::vector<TimelineRun> runs(int columns) const;
  /// The run at a slot and iteration, null when nothing ran there.
  const TimelineRun* at(int slot, uint64_t iteration) const;

 private:
  std::vector<std::deque<TimelineRun>> rows_;  // by slot
  uint64_t last_ = 0;
  int slots_ = 0;
};

}  // namespace flightdeck
