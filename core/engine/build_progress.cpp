#include "core/engine/build_progress.h"

#include <algorithm>

namespace flightdeck {
namespace {

using Clock = std::chrono::steady_clock;

/// Where each phase begins on the way from 0 to 1, as measured on builds of gigabytes; the last entry is the end.
constexpr double kPhaseStarts[] = {0.0, 0.005, 0.01, 0.90, 0.91, 1.0};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

std::string_view name_of(BuildPhase phase) {
  switch (phase) {
    case BuildPhase::read:
      return "read";
    case BuildPhase::rewrite:
      return "rewrite";
    case BuildPhase::quantize:
      return "quantize";
    case BuildPhase::verify:
      return "verify";
    case BuildPhase::write:
      return "write";
  }
  return "";
}

void BuildClock::begin(BuildPhase phase, const std::string& detail) {
  if (running_) phase_seconds_.emplace_back(name_of(phase_), seconds_in_phase());
  running_ = true;
  phase_ = phase;
  phase_start_ = Clock::now();
  tell(detail, 0);
}

void BuildClock::update(const std::string& detail, double fraction) {
  if (Clock::now() - told_ >= std::chrono::milliseconds(50)) tell(detail, fraction);
}

std::vector<std::pair<std::string, double>> BuildClock::phase_seconds() {
  if (std::exchange(running_, false)) phase_seconds_.emplace_back(name_of(phase_), seconds_in_phase());
  return phase_seconds_;
}

double BuildClock::seconds_in_phase() const { return seconds_since(phase_start_); }

uint64_t BuildClock::peak_bytes() const {
  const uint64_t peak = process_peak_memory_bytes();
  return peak > peak_before_ ? peak : peak_bytes_;
}

void BuildClock::sample_memory() { peak_bytes_ = std::max(peak_bytes_, process_memory_bytes()); }

void BuildClock::tell(const std::string& detail, double fraction) {
  sample_memory();
  told_ = Clock::now();
  if (!callback_) return;
  const double begin = kPhaseStarts[static_cast<size_t>(phase_)], end = kPhaseStarts[static_cast<size_t>(phase_) + 1];
  BuildProgress progress{phase_, detail, seconds_in_phase()};
  progress.fraction = begin + (end - begin) * std::clamp(fraction, 0.0, 1.0);
  const double elapsed = seconds_since(start_);
  if (progress.fraction > 0.02 && elapsed > 0.3) progress.eta_s = elapsed * (1 - progress.fraction) / progress.fraction;
  callback_(progress);
}

}  // namespace flightdeck
