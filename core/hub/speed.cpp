#include "core/hub/speed.h"

namespace flightdeck {
namespace {

constexpr std::chrono::milliseconds kSampleDistance{100};  // so the window holds a hundred at most

}  // namespace

void SpeedMeter::add(Time now, uint64_t total_bytes) {
  if (!samples_.empty() && total_bytes < samples_.back().bytes) samples_.clear();
  if (samples_.size() < 2 || now - samples_[samples_.size() - 2].time >= kSampleDistance)
    samples_.push_back({now, total_bytes});
  else
    samples_.back() = {now, total_bytes};
  while (samples_.size() > 2 && now - samples_[1].time >= window_) samples_.pop_front();
}

double SpeedMeter::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const double seconds = std::chrono::duration<double>(samples_.back().time - samples_.front().time).count();
  return seconds > 0 ? static_cast<double>(samples_.back().bytes - samples_.front().bytes) / seconds : 0;
}

double SpeedMeter::seconds_for(uint64_t bytes) const {
  const double speed = bytes_per_second();
  return speed > 0 ? static_cast<double>(bytes) / speed : -1;
}

}  // namespace flightdeck
