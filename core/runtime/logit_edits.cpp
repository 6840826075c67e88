#include "core/runtime/logit_edits.h"

#include <algorithm>

#include "core/runtime/sampler.h"

namespace flightdeck {

LogitEdits::LogitEdits(const SamplingParams& params, std::span<const int32_t> prompt, std::span<const int32_t> end_ids)
    : prompt_tokens_(prompt.size()),
      counts_generated_(params.presence_penalty != 0.0 || params.frequency_penalty != 0.0),
      penalizes_(counts_generated_ || params.repetition_penalty != 1.0) {
  for (const auto& [id, bias] : params.logit_bias) entry(id).bias = static_cast<float>(bias);
  if (params.repetition_penalty != 1.0) {
    for (const int32_t token : prompt) entry(token).seen = 1;
  }
  if (params.ignore_eos) {
    for (const int32_t id : end_ids) entry(id).forbidden = 1;
  }
  if (params.min_tokens > 0) {
    until_min_tokens_.assign(end_ids.begin(), end_ids.end());
    until_min_tokens_.insert(until_min_tokens_.end(), params.stop_ids.begin(), params.stop_ids.end());
    for (const int32_t id : until_min_tokens_) entry(id);
  }
  for (const std::vector<int32_t>& words : params.bad_words) {
    LogitEdit& last = entry(words.back());
    if (words.size() == 1) last.forbidden = 1;
  }
}

LogitEdit& LogitEdits::entry(int32_t id) {
  const auto [found, added] = index_.try_emplace(id, edits_.size());
  if (added) edits_.push_back({.id = id});
  return edits_[found->second];
}

void LogitEdits::add_generated(int32_t token) {
  if (!penalizes_) return;
  LogitEdit& edit = entry(token);
  edit.seen = 1;
  if (counts_generated_) ++edit.generated;
}

void LogitEdits::forbid(std::vector<LogitEdit>& edits, size_t first, int32_t id) const {
  edits[first + index_.at(id)].forbidden = 1;
}

void LogitEdits::append_row(const SamplingParams& params, std::span<const int32_t> tokens, bool pending, int slot,
                            StepInput& input) const {
  SampleInput sample;
  const size_t first = input.edits.size();
  sample.first_edit = static_cast<int>(first);
  input.edits.insert(input.edits.end(), edits_.begin(), edits_.end());
  if (tokens.size() - prompt_tokens_ < static_cast<size_t>(params.min_tokens)) {
    for (const int32_t id : until_min_tokens_) forbid(input.edits, first, id);
  }
  for (const std::vector<int32_t>& words : params.bad_words) {
    const size_t before = words.size() - 1;
    if (before == 0 || before > tokens.size()) continue;
    if (std::equal(tokens.end() - static_cast<std::ptrdiff_t>(before), tokens.end(), words.begin()))
      forbid(input.edits, first, words.back());
  }
  SampleRow& row = sample.row;
  row.edit_count = static_cast<int32_t>(edits_.size());
  row.slot = slot;
  row.pending = pending && penalizes_ ? 1 : 0;
  row.top_k = params.top_k;
  row.temperature = params.top_k == 1 ? 0.0 : params.temperature;
  row.top_p = params.top_p;
  row.min_p = params.min_p;
  row.uniform = uniform_at(params.seed, tokens.size());
  row.presence_penalty = params.presence_penalty;
  row.frequency_penalty = params.frequency_penalty;
  row.repetition_penalty = params.repetition_penalty;
  input.samples.push_back(sample);
}

bool LogitEdits::needs_known_tokens(const SamplingParams& params) {
  return std::any_of(params.bad_words.begin(), params.bad_words.end(),
                     [](const auto& words) { return words.size() > 1; });
}

}  // namespace flightdeck
