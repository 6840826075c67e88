// Perplexity of a text under an engine: exp of the mean negative log likelihood a predicted token.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string_view>

#include "core/runtime/inference.h"

namespace flightdeck {

struct PerplexityOptions {
  int context_tokens = 512;  // of a window
  int windows_at_once = 4;
  int max_windows = 0;  // 0: the whole text
};

struct Perplexity {
  double value = 0;
  uint64_t tokens = 0;  // predicted
  int windows = 0;
  double seconds = 0;
};

/// The text is cut into windows of bos and context - 1 text tokens (without a bos: context text tokens); in each the
/// positions 1 and after are predicted from those before, so every text token counts once (without a bos all but each
/// window's first). The last window may be shorter.
Result<Perplexity> measure_perplexity(Inference& inference, std::string_view text, const PerplexityOptions& options,
                                      const std::function<void(size_t done, size_t total)>& progress = {},
                                      std::stop_token stop = {});

/// -log softmax(logits)[token].
double negative_log_likelihood(std::span<const float> logits, int32_t token);

}  // namespace flightdeck
