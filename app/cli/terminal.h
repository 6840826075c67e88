// What commands write to a terminal: progress on stderr, text of models, sizes and times for people. Main thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace flightdeck::cli {

bool isTerminal(std::FILE* file);

/// One line of progress on stderr: rewritten in place on a terminal, at most 20 times a second; elsewhere a line each
/// time the step changes.
class ProgressLine {
 public:
  ~ProgressLine() { clear(); }
  /// `step` says what is done, `detail` how far it is.
  void show(const std::string& step, double fraction, const std::string& detail = {});
  void clear();

 private:
  std::string step_;
  std::chrono::steady_clock::time_point drawnAt_;
  bool drawn_ = false;
};

/// Text that a model made. On a terminal without control characters, which could do anything there; else as it is.
void printModelText(std::string_view text);

std::string humanBytes(uint64_t bytes);    // "1.23 GB"
std::string humanSeconds(double seconds);  // "850 ms", "12.3 s", "3 min 20 s"

/// A path as a shell takes it.
std::string shellQuoted(const std::string& path);

}  // namespace flightdeck::cli
