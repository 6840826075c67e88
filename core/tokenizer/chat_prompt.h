// Conversations → prompt ids, by the model's own format. Const after load, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

enum class Role : uint8_t { system, user, assistant };

struct ChatMessage {
  Role role = Role::user;
  std::string text;
};

/// Ids around each role's text. Text is always encoded as plain text, so that no message can forge a role.
class ChatPrompt {
 public:
  struct Frame {
    std::vector<int32_t> before, after;
  };

  /// The known formats: Flightdeck starter (<|user|> … <|end|>), Baichuan (ids 195 and 196), ChatML, Llama 2.
  /// `found()` is false when the folder's model has none of them: prompts are then plain text, and the user is told.
  static ChatPrompt detect(const Tokenizer& tokenizer, const std::string& architecture, const std::string& chat_template);

  bool found() const { return !name_.empty(); }
  const std::string& name() const { return name_; }
  const std::vector<int32_t>& stop_ids() const { return stop_ids_; }

  /// All messages, then the start of the assistant's turn. When the prompt is longer than max_tokens the oldest rounds are
  /// dropped (the system text and the last user message stay); `dropped` tells how many messages.
  Result<std::vector<int32_t>> encode(const Tokenizer& tokenizer, const std::vector<ChatMessage>& messages, int max_tokens,
                                      int* dropped = nullptr) const;

 private:
  std::string name_;
  std::vector<int32_t> begin_;
  Frame system_, user_, assistant_;
  std::vector<int32_t> stop_ids_;
};

}  // namespace flightdeck
