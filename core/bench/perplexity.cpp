#include "core/bench/perplexity.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "core/bench/in_flight.h"

namespace flightdeck {
namespace {

/// A window in flight; on_logits runs on the engine thread.
struct Window {
  std::vector<int32_t> ids;
  size_t position = 0;
  double loss = 0;
};

std::vector<Window> cut(const std::vector<int32_t>& ids, int32_t bos, const PerplexityOptions& options) {
  const size_t stride = static_cast<size_t>(options.context_tokens) - (bos >= 0 ? 1 : 0);
  std::vector<Window> windows;
  for (size_t begin = 0; begin < ids.size(); begin += stride) {
    if (options.max_windows > 0 && windows.size() >= static_cast<size_t>(options.max_windows)) break;
    Window window;
    if (bos >= 0) window.ids.push_back(bos);
    const size_t end = std::min(begin + stride, ids.size());
    window.ids.insert(window.ids.end(), ids.begin() + static_cast<ptrdiff_t>(begin),
                      ids.begin() + static_cast<ptrdiff_t>(end));
    if (window.ids.size() > 1) windows.push_back(std::move(window));
  }
  return windows;
}

Result<void> submit(InFlight& requests, Window& window, std::atomic<size_t>& done) {
  Request request;
  request.prompt.assign(window.ids.begin(), window.ids.end() - 1);  // nothing follows the last token
  request.max_tokens = 1;
  request.want_logits = true;
  request.sampling.temperature = 0;
  request.sampling.ignore_eos = true;
  request.label = "perplexity";
  RequestSink sink;
  sink.on_logits = [&window](const float* logits, int vocab) {
    if (++window.position < window.ids.size())
      window.loss += negative_log_likelihood({logits, static_cast<size_t>(vocab)}, window.ids[window.position]);
  };
  sink.on_done = [&done](const Completion&) { ++done; };
  TRY_VOID(requests.submit(std::move(request), std::move(sink)));
  return {};
}

Result<void> check(const PerplexityOptions& options, const EngineInfo& info) {
  if (options.context_tokens < 2 || options.context_tokens > info.context_tokens)
    return fail(ErrorKind::invalid_input, "--ctx {}: this engine's windows hold 2 to {} tokens", options.context_tokens,
                info.context_tokens);
  return {};
}

}  // namespace

double negative_log_likelihood(std::span<const float> logits, int32_t token) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - top);
  return top + std::log(sum) - logits[static_cast<size_t>(token)];
}

Result<Perplexity> measure_perplexity(Inference& inference, std::string_view text, const PerplexityOptions& options,
                                      const std::function<void(size_t, size_t)>& progress, std::stop_token stop) {
  TRY_VOID(check(options, inference.info()));
  const Tokenizer& tokenizer = inference.tokenizer();
  std::vector<Window> windows = cut(tokenizer.encode(text), tokenizer.bos_id(), options);
  if (windows.empty())
    return fail(ErrorKind::invalid_input, "the text has too few tokens to predict any: give a longer text");
  std::atomic<size_t> done = 0;
  const auto start = std::chrono::steady_clock::now();
  InFlight requests(inference);
  for (Window& window : windows) {
    TRY_VOID(requests.wait_below(static_cast<size_t>(std::max(options.windows_at_once, 1)), stop));
    if (progress) progress(done, windows.size());
    TRY_VOID(submit(requests, window, done));
  }
  TRY_VOID(requests.wait_all(stop));
  Perplexity result;
  double loss = 0;
  for (const Window& window : windows) {
    if (window.position + 1 != window.ids.size())
      return fail(ErrorKind::io, "the engine gave logits of {} positions, {} were expected", window.position,
                  window.ids.size() - 1);
    loss += window.loss;
    result.tokens += window.ids.size() - 1;
  }
  result.value = std::exp(loss / static_cast<double>(result.tokens));
  result.windows = static_cast<int>(windows.size());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace flightdeck
