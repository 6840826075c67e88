// Speed over a sliding window, and the time that is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace flightdeck {

/// Not thread-safe.
class SpeedMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit SpeedMeter(std::chrono::milliseconds window = std::chrono::seconds(10)) : window_(window) {}
  void add(Time now, uint64_t total_bytes);
  double bytes_per_second() const;
  /// Negative when it cannot be told.
  double seconds_for(uint64_t bytes) const;

 private:
  struct Sample {
    Time time;
    uint64_t bytes;
  };
  std::chrono::milliseconds window_;
  std::deque<Sample> samples_;
};

}  // namespace flightdeck
