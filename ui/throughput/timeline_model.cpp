#include "ui/throughput/timeline_model.h"

namespace flightdeck {
namespace {
constexpr uint64_t kKept = 4096;  // iterations
constexpr int kMaxSlots = 1024;
}  // namespace

void TimelineModel::clear() {
  rows_.clear();
  last_ = 0;
  slots_ = 0;
}

void TimelineModel::add(const std::vector<IterationRecord>& records) {
  for (const IterationRecord& record : records) {
    if (record.iteration <= last_ && last_ > 0) continue;
    last_ = record.iteration;
    for (const IterationRecord::Entry& entry : record.entries) {
      if (entry.slot < 0 || entry.slot >= kMaxSlots) continue;
      const auto slot = static_cast<size_t>(entry.slot);
      if (slot >= rows_.size()) rows_.resize(slot + 1);
      setSlots(entry.slot + 1);
      auto& row = rows_[slot];
      const bool joins = !row.empty() && row.back().id == entry.id && row.back().prefill == entry.prefill &&
                         row.back().last + 1 == record.iteration;
      if (!joins) row.push_back({entry.slot, entry.id, entry.prefill, record.iteration, record.iteration, 0, 0});
      row.back().last = record.iteration;
      row.back().tokens += entry.tokens;
      row.back().generated = entry.generated;
    }
  }
  for (auto& row : rows_)
    while (!row.empty() && row.front().last + kKept < last_) row.pop_front();
}

std::vector<TimelineRun> TimelineModel::runs(int columns) const {
  std::vector<TimelineRun> shown;
  const uint64_t from = last_ >= static_cast<uint64_t>(columns) ? last_ - static_cast<uint64_t>(columns) + 1 : 0;
  for (const auto& row : rows_)
    for (auto run = row.rbegin(); run != row.rend() && run->last >= from; ++run) shown.push_back(*run);
  return shown;
}

const TimelineRun* TimelineModel::at(int slot, uint64_t iteration) const {
  if (slot < 0 || static_cast<size_t>(slot) >= rows_.size()) return nullptr;
  const auto& row = rows_[static_cast<size_t>(slot)];
  for (auto run = row.rbegin(); run != row.rend() && run->last >= iteration; ++run)
    if (run->first <= iteration) return &*run;
  return nullptr;
}

}  // namespace flightdeck
