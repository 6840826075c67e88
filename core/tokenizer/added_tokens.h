// What stands beside tokenizer.model: tokenizer_config.json and added_tokens.json.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/json.h"

namespace flightdeck {

struct AddedToken {
  std::string text;
  bool special = true;  // a control token; otherwise a word that was added to the vocabulary
};

struct TokenizerConfig {
  static constexpr int64_t max_id = (4 << 20) - 1;

  std::map<int32_t, AddedToken> added;  // by id
  // Spelling of the token; nullopt: the file does not say; empty: the file says there is none.
  std::optional<std::string> bos, eos;
  std::optional<bool> add_bos;
};

/// Either may be null. Ids are checked to lie in [0, 4 M); one text with two ids, or one id with two texts, is an
/// error.
Result<TokenizerConfig> parse_tokenizer_config(const Json& tokenizer_config, const Json& added_tokens,
                                               const std::string& folder);

}  // namespace flightdeck
