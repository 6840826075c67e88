#include "core/tokenizer/added_tokens.h"

#include <charconv>
#include <unordered_map>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

class AddedTokens {
 public:
  AddedTokens(TokenizerConfig& config, std::string name) : config_(config), name_(std::move(name)) {}

  Result<void> add(int64_t id, AddedToken token) {
    if (id < 0 || id > TokenizerConfig::max_id)
      return fail(ErrorKind::corrupt, "{}: added token {} has id {}, expected 0 to {}", name_, quote(token.text), id,
                  TokenizerConfig::max_id);
    if (token.text.empty()) return fail(ErrorKind::corrupt, "{}: added token {} is empty", name_, id);
    const auto [known, is_new] = ids_.emplace(token.text, id);
    if (known->second != id)
      return fail(ErrorKind::corrupt, "{}: added token {} has the ids {} and {}", name_, quote(token.text),
                  known->second, id);
    const auto [slot, inserted] = config_.added.emplace(static_cast<int32_t>(id), token);
    if (!inserted && slot->second.text != token.text)
      return fail(ErrorKind::corrupt, "{}: id {} is both {} and {}", name_, id, quote(slot->second.text),
                  quote(token.text));
    return {};
  }

 private:
  TokenizerConfig& config_;
  std::string name_;
  std::unordered_map<std::string, int64_t> ids_;
};

/// {"195": {"content": "<reserved_106>", "special": true, …}, …}
Result<void> read_decoder(const Json& decoder, const std::string& name, AddedTokens& tokens) {
  if (!decoder.is_object()) return fail(ErrorKind::corrupt, "{}: added_tokens_decoder is not an object", name);
  for (const auto& [key, value] : decoder.items()) {
    int64_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size())
      return fail(ErrorKind::corrupt, "{}: added_tokens_decoder has {} for an id", name, quote(key));
    const JsonReader reader(value, name + ": added_tokens_decoder: " + key);
    AddedToken token;
    TRY(token.text, reader.text("content"));
    TRY(token.special, reader.boolean("special", false));
    TRY_VOID(tokens.add(id, std::move(token)));
  }
  return {};
}

/// {"<pad>": 32000, …}
Result<void> read_added_tokens(const Json& object, const std::string& name, AddedTokens& tokens) {
  if (!object.is_object()) return fail(ErrorKind::corrupt, "{}: not an object of texts and ids", name);
  for (const auto& [text, id] : object.items()) {
    if (!id.is_number_integer()) return fail(ErrorKind::corrupt, "{}: {} has no whole number", name, quote(text));
    const bool huge = id.is_number_unsigned() && id.get<uint64_t>() > INT64_MAX;
    TRY_VOID(tokens.add(huge ? INT64_MAX : id.get<int64_t>(), {text, true}));
  }
  return {};
}

/// A token is a text or an object with the text as content. null: there is none.
std::optional<std::string> token_text(const Json& config, const char* key) {
  if (!config.contains(key)) return std::nullopt;
  const Json& token = config.at(key);
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token.at("content").is_string())
    return token.at("content").get<std::string>();
  return token.is_null() ? std::optional<std::string>("") : std::nullopt;
}

}  // namespace

Result<TokenizerConfig> parse_tokenizer_config(const Json& tokenizer_config, const Json& added_tokens,
                                               const std::string& folder) {
  const std::string config_name = folder + "/tokenizer_config.json", added_name = folder + "/added_tokens.json";
  TokenizerConfig config;
  AddedTokens tokens(config, folder);
  if (!tokenizer_config.is_null()) {
    if (!tokenizer_config.is_object()) return fail(ErrorKind::corrupt, "{}: not an object", config_name);
    const JsonReader reader(tokenizer_config, config_name);
    if (reader.has("added_tokens_decoder"))
      TRY_VOID(read_decoder(tokenizer_config.at("added_tokens_decoder"), config_name, tokens));
    if (reader.has("add_bos_token")) {
      TRY(config.add_bos, reader.boolean("add_bos_token"));
    }
    config.bos = token_text(tokenizer_config, "bos_token");
    config.eos = token_text(tokenizer_config, "eos_token");
  }
  if (!added_tokens.is_null()) TRY_VOID(read_added_tokens(added_tokens, added_name, tokens));
  return config;
}

}  // namespace flightdeck
