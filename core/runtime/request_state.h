// One request on the engine thread: its words on the way out, its clock, its sink.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "core/runtime/request.h"
#include "core/runtime/stop_matcher.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

using Clock = std::chrono::steady_clock;
double milliseconds_between(Clock::time_point from, Clock::time_point to);

/// Turns sampled ids into text for the sink and says when the request has ended. Engine thread only.
class RequestState {
 public:
  /// tokenizer may be null (benchmarks): then events carry ids and no text.
  RequestState(RequestId id, Request request, RequestSink sink, const Tokenizer* tokenizer);

  /// Passes a generated token on. The reason when the request ends with it.
  std::optional<FinishReason> take(int32_t token, bool is_end, Clock::time_point now);
  void prefilled(int done_tokens);
  /// True the first time: a request resumed after a preemption was scheduled before.
  bool scheduled(Clock::time_point now, int reused_tokens);
  /// Sends what was held back, then the completion; called once.
  void finish(FinishReason reason, const std::string& error, Clock::time_point now);

  const Request& request() const { return request_; }
  const RequestSink& sink() const { return sink_; }
  RequestId id() const { return id_; }
  int generated() const { return stats_.generated_tokens; }
  int prefilled_tokens() const { return prefilled_tokens_; }
  double age_ms(Clock::time_point now) const { return milliseconds_between(submitted_, now); }
  double decode_rate(Clock::time_point now) const;

 private:
  bool emit(int32_t token, const std::string& text);

  RequestId id_;
  Request request_;
  RequestSink sink_;
  std::optional<StreamingDetokenizer> detokenizer_;
  StopMatcher stops_;
  RequestStats stats_;
  int prefilled_tokens_ = 0;
  Clock::time_point submitted_, scheduled_, first_token_, last_token_;
  bool was_scheduled_ = false;
};

}  // namespace flightdeck
