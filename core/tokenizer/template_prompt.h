// Conversations → prompt ids by the model's own chat template. Const after construction, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/jinja/template.h"
#include "core/tokenizer/chat_prompt.h"
#include "core/tokenizer/chat_template.h"

namespace flightdeck {

class TemplatePrompt {
 public:
  /// Fails when the template cannot be parsed or cannot render one question and its answer.
  static Result<TemplatePrompt> make(const Tokenizer& tokenizer, const ChatTemplate& source);

  /// As ChatPrompt::encode.
  Result<std::vector<int32_t>> encode(const Tokenizer& tokenizer, const std::vector<ChatMessage>& messages,
                                      int max_tokens, int* dropped) const;
  /// Tokens that the template puts behind an answer.
  const std::vector<int32_t>& stop_ids() const { return stop_ids_; }

 private:
  /// What must be done to the messages before the template takes them.
  struct Repair {
    bool fold_system = false;       // it has no place for a system text: that begins the first user message
    bool merge_neighbours = false;  // roles must alternate: messages of one role in a row become one
  };

  explicit TemplatePrompt(jinja::Template parsed) : template_(std::move(parsed)) {}
  Result<jinja::Text> render(const std::vector<ChatMessage>& messages, Repair repair, bool ask = true) const;
  Result<Repair> repair_for(const std::vector<ChatMessage>& messages) const;
  std::vector<int32_t> find_stop_ids(const Tokenizer& tokenizer) const;

  jinja::Template template_;
  jinja::Template::Variables special_tokens_;
  std::vector<int32_t> stop_ids_;
};

/// Control tokens are parsed where the template wrote them, whole; the user's text is plain whatever it spells. Text
/// between control tokens is encoded in one piece, as in training.
std::vector<int32_t> encode_by_origin(const Tokenizer& tokenizer, const jinja::Text& text);

}  // namespace flightdeck
