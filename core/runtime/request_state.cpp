#include "core/runtime/request_state.h"

#include <algorithm>
#include <utility>

namespace flightdeck {

double milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

RequestState::RequestState(RequestId id, Request request, RequestSink sink, const Tokenizer* tokenizer)
    : id_(id),
      request_(std::move(request)),
      sink_(std::move(sink)),
      stops_(request_.sampling.stop),
      submitted_(Clock::now()) {
  if (tokenizer) detokenizer_.emplace(*tokenizer);
  stats_.prompt_tokens = static_cast<int>(request_.prompt.size());
}

bool RequestState::scheduled(Clock::time_point now, int reused_tokens) {
  if (std::exchange(was_scheduled_, true)) return false;
  scheduled_ = now;
  stats_.queue_ms = milliseconds_between(submitted_, now);
  stats_.reused_tokens = prefilled_tokens_ = reused_tokens;
  return true;
}

void RequestState::prefilled(int done_tokens) {
  prefilled_tokens_ = std::min(done_tokens, stats_.prompt_tokens);
  if (stats_.generated_tokens == 0 && sink_.on_prefill) sink_.on_prefill(prefilled_tokens_, stats_.prompt_tokens);
}

std::optional<FinishReason> RequestState::take(int32_t token, bool is_end, Clock::time_point now) {
  if (stats_.generated_tokens++ == 0) first_token_ = now;
  last_token_ = now;
  const auto& stop_ids = request_.sampling.stop_ids;
  const bool is_stop = std::find(stop_ids.begin(), stop_ids.end(), token) != stop_ids.end();
  if (is_end || is_stop) return is_end ? FinishReason::eos : FinishReason::stop;
  const std::string text = detokenizer_ ? stops_.push(detokenizer_->push(token)) : std::string();
  if (!emit(token, text)) return FinishReason::cancelled;
  if (stops_.stopped()) return FinishReason::stop;
  if (stats_.generated_tokens >= request_.max_tokens) return FinishReason::length;
  return std::nullopt;
}

bool RequestState::emit(int32_t token, const std::string& text) {
  return !sink_.on_token || sink_.on_token({id_, token, text, stats_.generated_tokens});
}

void RequestState::finish(FinishReason reason, const std::string& error, Clock::time_point now) {
  if (detokenizer_ && !stops_.stopped()) {
    std::string rest = stops_.push(detokenizer_->finish());
    rest += stops_.finish();
    if (!rest.empty()) emit(-1, rest);
  }
  stats_.total_ms = milliseconds_between(submitted_, now);
  if (stats_.generated_tokens > 0) {
    stats_.first_token_ms = milliseconds_between(submitted_, first_token_);
    const double prefill_ms = milliseconds_between(scheduled_, first_token_);
    if (prefill_ms > 0) stats_.prompt_tokens_per_s = (stats_.prompt_tokens - stats_.reused_tokens) / prefill_ms * 1e3;
    const double decode_ms = milliseconds_between(first_token_, last_token_);
    if (decode_ms > 0) stats_.decode_tokens_per_s = (stats_.generated_tokens - 1) / decode_ms * 1e3;
  }
  if (sink_.on_done) sink_.on_done({id_, reason, error, stats_});
}

double RequestState::decode_rate(Clock::time_point now) const {
  if (stats_.generated_tokens < 2) return 0;
  const double ms = milliseconds_between(first_token_, now);
  return ms > 0 ? (stats_.generated_tokens - 1) / ms * 1e3 : 0;
}

}  // namespace flightdeck
