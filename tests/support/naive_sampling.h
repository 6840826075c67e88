// SampleArgs on the host in plain loops and doubles: the oracle of a device's sampler. C++17, no Qt: device checks use
// it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/ops.h"

namespace flightdeck::test {

inline float naive_edit(float logit, const LogitEdit& edit, const SampleRow& row) {
  logit += edit.bias;
  const auto penalty = static_cast<float>(row.repetition_penalty);
  if (edit.seen && row.repetition_penalty != 1.0) logit = logit > 0 ? logit / penalty : logit * penalty;
  if (edit.generated > 0) logit -= static_cast<float>(row.presence_penalty + row.frequency_penalty * edit.generated);
  return edit.forbidden ? -std::numeric_limits<float>::infinity() : logit;
}

inline void naive_edits(float* logits, const SampleRow& row, const LogitEdit* edits, int32_t pending) {
  bool known = false;
  for (int i = 0; i < row.edit_count; ++i) {
    LogitEdit edit = edits[i];
    if (edit.id == pending) {
      known = true;
      edit.seen = 1;
      ++edit.generated;
    }
    logits[edit.id] = naive_edit(logits[edit.id], edit, row);
  }
  if (known || pending < 0) return;
  LogitEdit edit;
  edit.id = pending;
  edit.seen = edit.generated = 1;
  logits[pending] = naive_edit(logits[pending], edit, row);
}

/// `edits` stands for row.edits, which may point to device memory; `pending` is last_tokens[slot] where row.pending is
/// set, else -1. Changes the logits. `margin`, where given, gets how far the random number is from choosing another id,
/// relative to all the probability.
inline int32_t naive_sample(float* logits, int vocab, const SampleRow& row, const LogitEdit* edits, int32_t pending,
                            double* margin = nullptr) {
  naive_edits(logits, row, edits, pending);
  int32_t best = -1;
  if (margin) *margin = 1;
  for (int id = 0; id < vocab; ++id) {
    if (std::isnan(logits[id])) return -1;
    if (logits[id] > -std::numeric_limits<float>::infinity() && (best < 0 || logits[id] > logits[best])) best = id;
  }
  if (best < 0 || std::isinf(logits[best])) return -1;
  if (row.temperature <= 0 || row.top_k == 1) return best;
  struct Candidate {
    int32_t id;
    float logit;
    double probability;
  };
  std::vector<Candidate> candidates;
  double total = 0;
  for (int id = 0; id < vocab; ++id) {
    const double scaled = (static_cast<double>(logits[id]) - logits[best]) / std::max(row.temperature, 1e-6);
    if (scaled < -40.0) continue;
    total += std::exp(scaled);
    if (std::exp(scaled) >= row.min_p) candidates.push_back({id, logits[id], std::exp(scaled)});
  }
  if (row.top_k > 0 || row.top_p < 1) {
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
    });
  }
  if (row.top_k > 0) {
    candidates.resize(std::min(candidates.size(), static_cast<size_t>(row.top_k)));
    total = 0;
    for (const Candidate& c : candidates) total += c.probability;
  }
  if (row.top_p < 1) {
    double sum = 0;
    size_t keep = 0;
    while (keep < candidates.size() && sum < row.top_p * total) {
      sum += candidates[keep++].probability;
      if (margin) *margin = std::min(*margin, std::abs(sum - row.top_p * total) / total);
    }
    candidates.resize(std::max<size_t>(1, keep));
  }
  double kept = 0, sum = 0;
  for (const Candidate& c : candidates) kept += c.probability;
  const double target = row.uniform * kept;
  for (const Candidate& c : candidates) {
    if (margin) *margin = std::min(*margin, std::abs(sum - target) / kept);
    sum += c.probability;
    if (margin) *margin = std::min(*margin, std::abs(sum - target) / kept);
    if (sum > target) return c.id;
  }
  return candidates.back().id;
}

}  // namespace flightdeck::test
