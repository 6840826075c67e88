#include "core/runtime/validate.h"

#include <cmath>

namespace flightdeck {
namespace {

constexpr size_t kMaxStops = 64;
constexpr size_t kMaxStopBytes = 1024;
constexpr size_t kMaxBadWords = 1024;

Result<void> in_range(const char* field, double value, double low, double high) {
  if (std::isfinite(value) && value >= low && value <= high) return {};
  return fail(ErrorKind::invalid_input, "{} is {}, expected {} to {}", field, value, low, high);
}

Result<void> in_vocabulary(const char* field, int64_t id, int vocab_size) {
  if (id >= 0 && id < vocab_size) return {};
  return fail(ErrorKind::invalid_input, "{} has token id {}, the vocabulary has {} tokens", field, id, vocab_size);
}

Result<void> check_stops(const SamplingParams& s, int vocab_size) {
  if (s.stop.size() > kMaxStops || s.stop_ids.size() > kMaxStops) {
    return fail(ErrorKind::invalid_input, "stop has {} strings and {} ids, at most {} of each are possible",
                s.stop.size(), s.stop_ids.size(), kMaxStops);
  }
  for (const std::string& stop : s.stop) {
    if (stop.empty() || stop.size() > kMaxStopBytes) {
      return fail(ErrorKind::invalid_input, "a stop string has {} bytes, expected 1 to {}", stop.size(), kMaxStopBytes);
    }
  }
  for (int32_t id : s.stop_ids) TRY_VOID(in_vocabulary("stop_ids", id, vocab_size));
  return {};
}

Result<void> check_words(const SamplingParams& s, int vocab_size) {
  if (s.bad_words.size() > kMaxBadWords) {
    return fail(ErrorKind::invalid_input, "bad_words has {} entries, at most {} are possible", s.bad_words.size(),
                kMaxBadWords);
  }
  for (const auto& words : s.bad_words) {
    if (words.empty()) return fail(ErrorKind::invalid_input, "bad_words has an empty entry; leave it out");
    for (int32_t id : words) TRY_VOID(in_vocabulary("bad_words", id, vocab_size));
  }
  for (const auto& [id, bias] : s.logit_bias) {
    TRY_VOID(in_vocabulary("logit_bias", id, vocab_size));
    TRY_VOID(in_range("logit_bias", bias, -1000, 1000));
  }
  return {};
}

}  // namespace

Result<void> check(const SamplingParams& s, int vocab_size) {
  TRY_VOID(in_range("temperature", s.temperature, 0, 100));
  TRY_VOID(in_range("top_k", s.top_k, 0, vocab_size));
  if (s.top_p <= 0)
    return fail(ErrorKind::invalid_input, "top_p is {}, expected above 0 and at most 1 (1 turns it off)", s.top_p);
  TRY_VOID(in_range("top_p", s.top_p, 0, 1));
  TRY_VOID(in_range("min_p", s.min_p, 0, 1));
  TRY_VOID(in_range("repetition_penalty", s.repetition_penalty, 0.01, 10));
  TRY_VOID(in_range("presence_penalty", s.presence_penalty, -10, 10));
  TRY_VOID(in_range("frequency_penalty", s.frequency_penalty, -10, 10));
  TRY_VOID(in_range("min_tokens", s.min_tokens, 0, 1e9));
  TRY_VOID(check_stops(s, vocab_size));
  return check_words(s, vocab_size);
}

Result<void> check(const Request& request, int vocab_size, int context_tokens) {
  if (request.prompt.empty()) return fail(ErrorKind::invalid_input, "The prompt is empty: write something first");
  if (request.max_tokens < 1)
    return fail(ErrorKind::invalid_input, "max_tokens is {}, expected at least 1", request.max_tokens);
  const int64_t prompt = static_cast<int64_t>(request.prompt.size());
  if (prompt + request.max_tokens > context_tokens) {
    return fail(ErrorKind::invalid_input,
                "The prompt has {} tokens and {} more may be generated, but the engine's context is {}: shorten the "
                "prompt, ask for fewer "
                "tokens, or build the engine with a larger max_input_len",
                prompt, request.max_tokens, context_tokens);
  }
  for (int32_t id : request.prompt) TRY_VOID(in_vocabulary("prompt", id, vocab_size));
  return check(request.sampling, vocab_size);
}

}  // namespace flightdeck
