// Logits → next token, on the host. The reference for samplers on a device. Same logits, request and position give the
// same token, whatever else is in the batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/runtime/request.h"

namespace flightdeck {

/// A uniform number in [0, 1) that depends on the seed and the position only (SplitMix64 in counter mode).
double uniform_at(uint64_t seed, uint64_t position);

/// What is known of the sequence when its next token is chosen.
struct SamplingContext {
  std::span<const int32_t> tokens;  // prompt and generated so far
  int prompt_tokens = 0;
  std::span<const int32_t> end_ids;  // impossible before min_tokens and when ignore_eos
};

/// Not thread-safe: keeps its scratch memory.
class Sampler {
 public:
  /// The chosen id in [0, logits.size()), or -1 when no finite logit is left (a NaN row, everything forbidden).
  /// `logits` is changed: penalties are applied in place.
  int32_t sample(std::span<float> logits, const SamplingParams& params, const SamplingContext& context);

 private:
  struct Candidate {
    int32_t id;
    float logit;
    double probability;
  };
  void apply_penalties(std::span<float> logits, const SamplingParams& params, const SamplingContext& context);
  void forbid(std::span<float> logits, const SamplingParams& params, const SamplingContext& context) const;
  bool gather(std::span<const float> logits, const SamplingParams& params);
  void keep_nucleus(const SamplingParams& params, size_t vocab);
  static bool likelier(const Candidate& a, const Candidate& b);

  std::vector<Candidate> candidates_;
  std::vector<int32_t> sorted_;
  double total_ = 0;  // probability of all tokens, relative to the best
};

}  // namespace flightdeck
