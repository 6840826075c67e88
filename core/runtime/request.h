// What a caller asks of an engine and what it hears back. Plain values; callbacks run on the engine thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flightdeck {

using RequestId = uint64_t;

/// How the next token is chosen. Defaults sample from the unchanged distribution; temperature 0 or top_k 1 is greedy.
struct SamplingParams {
  double temperature = 1.0;         // [0, 100]
  int top_k = 0;                    // 0: off
  double top_p = 1.0;               // (0, 1]; 1: off (nucleus sampling, 1904.09751)
  double min_p = 0.0;               // [0, 1]: keeps tokens at least min_p times as likely as the best (2407.01082)
  double repetition_penalty = 1.0;  // (0, 10]; divides positive, multiplies negative logits of seen tokens (1909.05858)
  double presence_penalty = 0.0;    // [-10, 10] subtracted once from tokens already generated
  double frequency_penalty = 0.0;   // [-10, 10] subtracted for every time they were
  uint64_t seed = 0;
  int min_tokens = 0;  // end tokens are impossible before
  bool ignore_eos = false;
  std::vector<std::string> stop;                // stop strings; not part of the answer
  std::vector<int32_t> stop_ids;                // besides the model's own
  std::vector<std::vector<int32_t>> bad_words;  // sequences never produced
  std::map<int32_t, double> logit_bias;
};

struct Request {
  std::vector<int32_t> prompt;  // token ids; not empty
  int max_tokens = 128;
  SamplingParams sampling;
  std::string label;         // for the timeline and the request list
  bool want_logits = false;  // every position's logits go to RequestSink::on_logits (eval, run --output_logits_npy)
};

enum class FinishReason : uint8_t { eos, stop, length, cancelled, failed };

/// Numbers of one finished request; they stay with the message.
struct RequestStats {
  int prompt_tokens = 0;
  int reused_tokens = 0;  // prompt tokens found in the prefix cache
  int generated_tokens = 0;
  double queue_ms = 0;        // submitted → first scheduled
  double first_token_ms = 0;  // submitted → first token
  double total_ms = 0;
  double prompt_tokens_per_s = 0;  // prefill rate, reused tokens not counted
  double decode_tokens_per_s = 0;  // generated after the first, over the time since the first
  double thinking_ms = 0;          // from the first token to </think>; measured where the text is read
};

/// New text of a request. `text` is whole UTF-8 characters; empty while a character or a possible stop string is open.
struct TokenEvent {
  RequestId id = 0;
  int32_t token = 0;
  std::string_view text;
  int generated_tokens = 0;
};

struct Completion {
  RequestId id = 0;
  FinishReason reason = FinishReason::eos;
  std::string error;  // when failed
  RequestStats stats;
};

/// All callbacks run on the engine thread and must return soon. on_done is called exactly once for every submitted
/// request.
struct RequestSink {
  std::function<bool(const TokenEvent&)> on_token;  // false: cancel
  std::function<void(const Completion&)> on_done;
  std::function<void(int done, int total)> on_prefill;            // prompt tokens read so far
  std::function<void(const float* logits, int vocab)> on_logits;  // one row a position, in order
};

}  // namespace flightdeck
