// What one rendering may cost, and the failure that ends it. One render is one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace flightdeck::jinja {

struct Limits {
  size_t source_bytes = 1u << 20;
  size_t output_bytes = 16u << 20;  // of the rendered text and of any string on the way
  int64_t steps = 10'000'000;       // nodes, elements and every 32 bytes copied
  int depth = 100;                  // nested blocks or expressions of the source, macros calling macros, lists in lists
  int64_t range = 100'000;
  std::chrono::milliseconds time{2000};
};

/// Thrown inside this folder only, as an interpreter fails at any depth; Template turns it into an Error with its
/// place.
struct Failure {
  ErrorKind kind = ErrorKind::corrupt;
  std::string message;
};

template <class... Args>
[[noreturn]] void fail_render(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure{ErrorKind::corrupt, fmt::format(format, std::forward<Args>(args)...)};
}

/// One of the caps is reached: a smaller conversation may do.
template <class... Args>
[[noreturn]] void fail_budget(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure{ErrorKind::no_space, fmt::format(format, std::forward<Args>(args)...)};
}

class Budget {
 public:
  explicit Budget(const Limits& limits)
      : limits_(limits), steps_left_(limits.steps), deadline_(std::chrono::steady_clock::now() + limits.time) {}

  void charge(size_t steps = 1) {
    steps_left_ -= static_cast<int64_t>(steps);
    if (steps_left_ < 0)
      fail_budget("the template takes more than {} steps: it does not end, or does too much", limits_.steps);
    since_look_ += steps;
    if (since_look_ >= 4096) look_at_the_clock();
  }

  /// A string of this size is about to be made.
  void charge_bytes(size_t bytes) {
    if (bytes > limits_.output_bytes) fail_budget("the text grows beyond {} bytes", limits_.output_bytes);
    charge(1 + bytes / 32);
  }

  const Limits& limits() const { return limits_; }

 private:
  void look_at_the_clock() {
    since_look_ = 0;
    if (std::chrono::steady_clock::now() > deadline_)
      fail_budget("the template takes longer than {} ms", limits_.time.count());
  }

  const Limits& limits_;
  int64_t steps_left_;
  size_t since_look_ = 0;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace flightdeck::jinja
