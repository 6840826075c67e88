// Time of the build's phases and what is left, told to the caller at most about 20 times a second. Builder's thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/memory.h"
#include "core/engine/builder.h"

namespace flightdeck {

class BuildClock {
 public:
  explicit BuildClock(const std::function<void(const BuildProgress&)>& callback) : callback_(callback) {}

  void begin(BuildPhase phase, const std::string& detail);
  /// `fraction` of this phase.
  void update(const std::string& detail, double fraction);
  /// Ends the last phase.
  std::vector<std::pair<std::string, double>> phase_seconds();
  double seconds_in_phase() const;
  /// Resident memory at its highest since the clock was made; where an earlier peak hides it, the highest seen.
  uint64_t peak_bytes() const;
  void sample_memory();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void tell(const std::string& detail, double fraction);

  const std::function<void(const BuildProgress&)>& callback_;
  const Time start_ = std::chrono::steady_clock::now();
  Time phase_start_ = start_, told_{};
  BuildPhase phase_ = BuildPhase::read;
  bool running_ = false;
  std::vector<std::pair<std::string, double>> phase_seconds_;
  const uint64_t peak_before_ = process_peak_memory_bytes();
  uint64_t peak_bytes_ = 0;
};

}  // namespace flightdeck
