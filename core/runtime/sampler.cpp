#include "core/runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flightdeck {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// The most likely id, the lowest of equals; -1 when every logit is -inf or any is NaN.
int32_t best_of(std::span<const float> logits) {
  int32_t best = -1;
  float top = kNever;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i])) return -1;
    if (logits[i] > top) {
      top = logits[i];
      best = static_cast<int32_t>(i);
    }
  }
  return best;
}

bool greedy(const SamplingParams& params) { return params.temperature <= 0 || params.top_k == 1; }

}  // namespace

bool Sampler::likelier(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

double uniform_at(uint64_t seed, uint64_t position) {
  uint64_t x = seed * 0x9e3779b97f4a7c15u + (position + 1) * 0xd1342543de82ef95u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) * 0x1.0p-53;
}

int32_t Sampler::sample(std::span<float> logits, const SamplingParams& params, const SamplingContext& context) {
  apply_penalties(logits, params, context);
  forbid(logits, params, context);
  const int32_t best = best_of(logits);
  if (best < 0 || std::isinf(logits[best])) return -1;
  if (greedy(params)) return best;
  if (!gather(logits, params)) return best;
  keep_nucleus(params, logits.size());
  double total = 0;
  for (const Candidate& c : candidates_) total += c.probability;
  double left = uniform_at(params.seed, context.tokens.size()) * total;
  for (const Candidate& c : candidates_) {
    left -= c.probability;
    if (left < 0) return c.id;
  }
  return candidates_.back().id;
}

void Sampler::apply_penalties(std::span<float> logits, const SamplingParams& params, const SamplingContext& context) {
  for (const auto& [id, bias] : params.logit_bias) logits[id] += static_cast<float>(bias);
  const auto per_distinct = [&](std::span<const int32_t> tokens, auto&& apply) {
    sorted_.assign(tokens.begin(), tokens.end());
    std::sort(sorted_.begin(), sorted_.end());
    for (size_t i = 0; i < sorted_.size();) {
      size_t end = i + 1;
      while (end < sorted_.size() && sorted_[end] == sorted_[i]) ++end;
      apply(logits[sorted_[i]], static_cast<double>(end - i));
      i = end;
    }
  };
  if (params.repetition_penalty != 1.0) {
    const float penalty = static_cast<float>(params.repetition_penalty);
    per_distinct(context.tokens,
                 [penalty](float& logit, double) { logit = logit > 0 ? logit / penalty : logit * penalty; });
  }
  if (params.presence_penalty != 0.0 || params.frequency_penalty != 0.0) {
    per_distinct(context.tokens.subspan(context.prompt_tokens), [&params](float& logit, double count) {
      logit -= static_cast<float>(params.presence_penalty + params.frequency_penalty * count);
    });
  }
}

void Sampler::forbid(std::span<float> logits, const SamplingParams& params, const SamplingContext& context) const {
  const int generated = static_cast<int>(context.tokens.size()) - context.prompt_tokens;
  if (generated < params.min_tokens || params.ignore_eos) {
    for (int32_t id : context.end_ids) logits[id] = kNever;
  }
  if (generated < params.min_tokens) {
    for (int32_t id : params.stop_ids) logits[id] = kNever;
  }
  for (const std::vector<int32_t>& words : params.bad_words) {
    const size_t before = words.size() - 1;
    if (before > context.tokens.size()) continue;
    const auto tail = context.tokens.last(before);
    if (std::equal(tail.begin(), tail.end(), words.begin())) logits[words.back()] = kNever;
  }
}

/// Fills the candidates with their probabilities relative to the best, already without what top_k and min_p exclude.
/// False when only the best can be chosen.
bool Sampler::gather(std::span<const float> logits, const SamplingParams& params) {
  const float best = *std::max_element(logits.begin(), logits.end());
  const double inverse = 1.0 / std::max(params.temperature, 1e-6);
  candidates_.clear();
  total_ = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double scaled = (static_cast<double>(logits[i]) - best) * inverse;
    if (scaled < -40.0) continue;  // e^-40 is below what a double sum of a vocabulary can tell from nothing
    const double probability = std::exp(scaled);
    total_ += probability;
    if (probability >= params.min_p) candidates_.push_back({static_cast<int32_t>(i), logits[i], probability});
  }
  const size_t k = static_cast<size_t>(params.top_k);
  if (params.top_k > 0 && k < candidates_.size()) {
    std::nth_element(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(k) - 1, candidates_.end(),
                     likelier);
    candidates_.resize(k);
  }
  return candidates_.size() > 1;
}

/// Keeps the most likely candidates until they hold top_p of the probability (Holtzman et al. 2019); behind top_k, of
/// the probability top_k left. Tokens less likely than (1 - top_p) / vocabulary together hold less than 1 - top_p, so
/// they are dropped before the sort.
void Sampler::keep_nucleus(const SamplingParams& params, size_t vocab) {
  if (params.top_p >= 1.0) {
    // Behind top_k candidates stand by likelihood, as behind top_p: the choice depends on the logits alone.
    if (params.top_k > 0) std::sort(candidates_.begin(), candidates_.end(), likelier);
    return;
  }
  if (params.top_k > 0) {
    total_ = 0;
    for (const Candidate& c : candidates_) total_ += c.probability;
  } else {
    const double floor = total_ * (1.0 - params.top_p) / static_cast<double>(vocab);
    std::erase_if(candidates_, [floor](const Candidate& c) { return c.probability < floor; });
  }
  std::sort(candidates_.begin(), candidates_.end(), likelier);
  double sum = 0;
  size_t keep = 0;
  while (keep < candidates_.size() && sum < params.top_p * total_) sum += candidates_[keep++].probability;
  candidates_.resize(std::max<size_t>(1, keep));
}

}  // namespace flightdeck
