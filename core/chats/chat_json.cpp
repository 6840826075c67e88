#include "core/chats/chat_json.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "core/base/json.h"

namespace flightdeck {
namespace {

constexpr int64_t max_count = std::numeric_limits<int32_t>::max();

/// Reads what is right and leaves the rest as it was.
class Tolerant {
 public:
  explicit Tolerant(const Json& object) : object_(object), reader_(object, "chat") {}

  void read(const char* key, int& value, int64_t low = 0, int64_t high = max_count) const {
    value = static_cast<int>(reader_.integer(key, low, high, value).value_or(value));
  }
  void read(const char* key, double& value, double low, double high) const {
    value = reader_.number(key, low, high, value).value_or(value);
  }
  void read(const char* key, bool& value) const { value = reader_.boolean(key, value).value_or(value); }
  void read(const char* key, std::string& value) const { value = reader_.text(key, value).value_or(value); }
  void read(const char* key, uint64_t& value) const {
    if (const Json* json = find(key); json && json->is_number_unsigned()) value = json->get<uint64_t>();
  }
  void read(const char* key, std::vector<std::string>& values) const {
    for (const Json& value : array(key))
      if (value.is_string()) values.push_back(value.get<std::string>());
  }
  void read(const char* key, std::vector<int32_t>& values) const { append_ids(array(key), values); }
  void read(const char* key, std::vector<std::vector<int32_t>>& values) const {
    for (const Json& value : array(key)) {
      std::vector<int32_t> ids;
      append_ids(value, ids);
      if (!ids.empty()) values.push_back(std::move(ids));
    }
  }
  void read(const char* key, std::map<int32_t, double>& values) const {
    const Json* json = find(key);
    if (!json || !json->is_object()) return;
    for (const auto& [text, value] : json->items()) {
      int32_t id = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
      const bool is_id = error == std::errc() && end == text.data() + text.size() && id >= 0;
      if (is_id && value.is_number()) values[id] = value.get<double>();
    }
  }
  const Json* find(const char* key) const { return reader_.has(key) ? &object_.at(key) : nullptr; }

 private:
  static void append_ids(const Json& array, std::vector<int32_t>& ids) {
    if (!array.is_array()) return;
    for (const Json& value : array)
      if (value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(max_count))
        ids.push_back(value.get<int32_t>());
  }
  const Json& array(const char* key) const {
    static const Json none = Json::array();
    const Json* json = find(key);
    return json && json->is_array() ? *json : none;
  }

  const Json& object_;
  JsonReader reader_;
};

Json sampling_to_json(const SamplingParams& sampling) {
  Json bias = Json::object();
  for (const auto& [id, value] : sampling.logit_bias) bias[std::to_string(id)] = value;
  return {{"temperature", sampling.temperature},
          {"top_k", sampling.top_k},
          {"top_p", sampling.top_p},
          {"min_p", sampling.min_p},
          {"repetition_penalty", sampling.repetition_penalty},
          {"presence_penalty", sampling.presence_penalty},
          {"frequency_penalty", sampling.frequency_penalty},
          {"seed", sampling.seed},
          {"min_tokens", sampling.min_tokens},
          {"ignore_eos", sampling.ignore_eos},
          {"stop", sampling.stop},
          {"stop_ids", sampling.stop_ids},
          {"bad_words", sampling.bad_words},
          {"logit_bias", std::move(bias)}};
}

SamplingParams sampling_from_json(const Json& json) {
  SamplingParams sampling;
  const Tolerant reader(json);
  reader.read("temperature", sampling.temperature, 0, 100);
  reader.read("top_k", sampling.top_k);
  reader.read("top_p", sampling.top_p, 1e-6, 1);
  reader.read("min_p", sampling.min_p, 0, 1);
  reader.read("repetition_penalty", sampling.repetition_penalty, 1e-6, 10);
  reader.read("presence_penalty", sampling.presence_penalty, -10, 10);
  reader.read("frequency_penalty", sampling.frequency_penalty, -10, 10);
  reader.read("seed", sampling.seed);
  reader.read("min_tokens", sampling.min_tokens);
  reader.read("ignore_eos", sampling.ignore_eos);
  reader.read("stop", sampling.stop);
  reader.read("stop_ids", sampling.stop_ids);
  reader.read("bad_words", sampling.bad_words);
  reader.read("logit_bias", sampling.logit_bias);
  return sampling;
}

/// Text that is not UTF-8 becomes readable rather than an exception.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json parse(const std::string& text) { return parse_json(text, "chat").value_or(Json()); }

}  // namespace

std::string options_to_json(const ChatOptions& options) {
  return dump({{"system_prompt", options.system_prompt},
               {"sampling", sampling_to_json(options.sampling)},
               {"use_model_sampling", options.use_model_sampling},
               {"max_tokens", options.max_tokens}});
}

ChatOptions options_from_json(const std::string& text) {
  const Json json = parse(text);
  const Tolerant reader(json);
  ChatOptions options;
  reader.read("system_prompt", options.system_prompt);
  if (const Json* sampling = reader.find("sampling")) options.sampling = sampling_from_json(*sampling);
  reader.read("use_model_sampling", options.use_model_sampling);
  reader.read("max_tokens", options.max_tokens, 1);
  return options;
}

std::string stats_to_json(const RequestStats& stats) {
  return dump({{"prompt_tokens", stats.prompt_tokens},
               {"reused_tokens", stats.reused_tokens},
               {"generated_tokens", stats.generated_tokens},
               {"queue_ms", stats.queue_ms},
               {"first_token_ms", stats.first_token_ms},
               {"total_ms", stats.total_ms},
               {"prompt_tokens_per_s", stats.prompt_tokens_per_s},
               {"decode_tokens_per_s", stats.decode_tokens_per_s},
               {"thinking_ms", stats.thinking_ms}});
}

RequestStats stats_from_json(const std::string& text) {
  constexpr double most = 1e15;
  const Json json = parse(text);
  const Tolerant reader(json);
  RequestStats stats;
  reader.read("prompt_tokens", stats.prompt_tokens);
  reader.read("reused_tokens", stats.reused_tokens);
  reader.read("generated_tokens", stats.generated_tokens);
  reader.read("queue_ms", stats.queue_ms, 0, most);
  reader.read("first_token_ms", stats.first_token_ms, 0, most);
  reader.read("total_ms", stats.total_ms, 0, most);
  reader.read("prompt_tokens_per_s", stats.prompt_tokens_per_s, 0, most);
  reader.read("decode_tokens_per_s", stats.decode_tokens_per_s, 0, most);
  reader.read("thinking_ms", stats.thinking_ms, 0, most);
  return stats;
}

}  // namespace flightdeck
