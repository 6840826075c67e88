// A conversation in the terminal: what was said, and the /commands that change it. Main thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/runtime/inference.h"

namespace flightdeck::cli {

class Conversation {
 public:
  Conversation(Inference& engine, SamplingParams sampling, int maxTokens, std::string system);

  enum class Outcome { done, quit };
  /// A line that begins with a slash. What it has to say goes to stderr.
  Outcome command(const std::string& line);
  /// Asks the model and prints its answer as it comes. After a stop what has come stays in the conversation.
  Result<void> ask(const std::string& text, std::stop_token stop);

 private:
  void reset();
  void printStats() const;
  Result<void> save(const std::string& path) const;
  Result<std::vector<int32_t>> prompt();

  Inference& engine_;
  SamplingParams sampling_;
  int maxTokens_;
  std::string system_;
  std::vector<ChatMessage> messages_;
  std::optional<Completion> last_;
};

}  // namespace flightdeck::cli
