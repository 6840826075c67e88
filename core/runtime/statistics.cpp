#include "core/runtime/statistics.h"

#include <algorithm>

namespace flightdeck {
namespace {

constexpr std::chrono::seconds kWindow{1};

}  // namespace

void Statistics::record(IterationRecord record, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  samples_.push_back({now, record.prefill_tokens, record.decode_tokens});
  while (samples_.front().at + kWindow < now) samples_.pop_front();
  records_.push_back(std::move(record));
  if (records_.size() > kMaxRecords) records_.pop_front();
}

void Statistics::publish(EngineStats stats) {
  std::lock_guard lock(mutex_);
  published_ = std::move(stats);
}

EngineStats Statistics::stats(Clock::time_point now) const {
  std::lock_guard lock(mutex_);
  EngineStats stats = published_;
  double prefill = 0, decode = 0;
  for (const Sample& sample : samples_) {
    if (sample.at + kWindow < now) continue;
    prefill += sample.prefill_tokens;
    decode += sample.decode_tokens;
  }
  stats.prefill_tokens_per_s = prefill / std::chrono::duration<double>(kWindow).count();
  stats.decode_tokens_per_s = decode / std::chrono::duration<double>(kWindow).count();
  return stats;
}

std::vector<IterationRecord> Statistics::records_after(uint64_t iteration) const {
  std::lock_guard lock(mutex_);
  const auto first =
      std::find_if(records_.begin(), records_.end(), [iteration](const auto& r) { return r.iteration > iteration; });
  return {first, records_.end()};
}

}  // namespace flightdeck
