// A bandwidth, of one connection or of several together. libcurl's own limit is per request, and lets the first second
// of each through at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace flightdeck {

/// Thread-safe; may be changed while transfers run. 0: no limit.
class SpeedLimit {
 public:
  using Clock = std::chrono::steady_clock;
  explicit SpeedLimit(uint64_t bytes_per_second = 0) : bytes_per_second_(bytes_per_second) {}

  void set(uint64_t bytes_per_second) {
    const std::lock_guard lock(mutex_);
    bytes_per_second_ = bytes_per_second;
    free_at_ = {};
  }
  /// What may be read at once, so that pauses stay short; 0: anything.
  uint64_t piece_bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_per_second_ == 0 ? 0 : std::max<uint64_t>(bytes_per_second_ / 8, 1);
  }
  /// Counts bytes that came; when the next may.
  Clock::time_point took(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes_per_second_ == 0) return {};
    const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    return free_at_ = std::max(free_at_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(cost);
  }
  /// Whether anybody has to wait; not after the limit was changed.
  bool is_used_up() const {
    const std::lock_guard lock(mutex_);
    return free_at_ > Clock::now();
  }

 private:
  mutable std::mutex mutex_;
  uint64_t bytes_per_second_;
  Clock::time_point free_at_{};
};

}  // namespace flightdeck
