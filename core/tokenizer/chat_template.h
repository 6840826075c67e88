// The chat template that a model's folder brings along.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace flightdeck {

struct ChatTemplate {
  std::string text;  // Jinja; empty: the model has none
  std::string file;  // where it was found, for messages
  /// bos_token, eos_token and their like, as tokenizer_config.json spells them.
  std::vector<std::pair<std::string, std::string>> special_tokens;
};

/// chat_template.jinja, else tokenizer_config.json's chat_template (of a named list "default", else the first), else
/// chat_template.json. What cannot be read counts as absent: a template is never worth an error.
ChatTemplate read_chat_template(const std::string& folder);

}  // namespace flightdeck
