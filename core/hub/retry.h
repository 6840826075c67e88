// When to ask again, and after how long.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "core/hub/http.h"

namespace flightdeck {

struct RetryOptions {
  int attempts = 5;  // without progress, then the caller gives up (or pauses)
  std::chrono::milliseconds first_wait{1'000};
  std::chrono::milliseconds longest_wait{60'000};
  std::chrono::milliseconds longest_told_wait{600'000};  // Retry-After beyond this is an error
};

/// 408, 429 and 5xx; everything else of a server is its last word.
bool is_worth_repeating(int status);

/// What Retry-After (seconds or a date) or "RateLimit: …;t=55" tells us to wait; negative when nothing is told.
std::chrono::milliseconds told_wait(const HttpResponse& head);

/// Doubling waits with jitter between half and the whole, so that many clients do not come back at once.
class Backoff {
 public:
  explicit Backoff(const RetryOptions& options) : options_(options), random_(std::random_device{}()) {}
  bool may_repeat() const { return failures_ + 1 < options_.attempts; }
  /// Counts a failure.
  std::chrono::milliseconds next();
  void progressed() { failures_ = 0; }

 private:
  RetryOptions options_;
  int failures_ = 0;
  std::minstd_rand random_;
};

}  // namespace flightdeck
