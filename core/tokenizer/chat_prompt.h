// Conversations → prompt ids, by the model's own template or a known format. Const after load, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

class TemplatePrompt;
struct ChatTemplate;

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

  /// The model's own template; where it has none, or one that cannot be used (`problem()` says why), a known format.
  static ChatPrompt choose(const Tokenizer& tokenizer, const std::string& architecture, const ChatTemplate& source);
  /// The known formats: Flightdeck starter (<|user|> … <|end|>), Baichuan (ids 195 and 196), ChatML, Llama 2.
  /// `found()` is false when the folder's model has none of them: prompts are then plain text, and the user is told.
  static ChatPrompt detect(const Tokenizer& tokenizer, const std::string& architecture,
                           const std::string& chat_template);

  bool found() const { return !name_.empty(); }
  const std::string& name() const { return name_; }
  const std::string& problem() const { return problem_; }
  const std::vector<int32_t>& stop_ids() const { return stop_ids_; }

  /// All messages, then the start of the assistant's turn. When the prompt is longer than max_tokens the oldest rounds
  /// are dropped (the system text and the last user message stay); `dropped` tells how many messages.
  Result<std::vector<int32_t>> encode(const Tokenizer& tokenizer, const std::vector<ChatMessage>& messages,
                                      int max_tokens, int* dropped = nullptr) const;

 private:
  std::string name_, problem_;
  std::shared_ptr<const TemplatePrompt> template_;
  std::vector<int32_t> begin_;
  Frame system_, user_, assistant_;
  std::vector<int32_t> stop_ids_;
};

}  // namespace flightdeck
