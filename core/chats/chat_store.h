// Conversations in SQLite: WAL, synchronous FULL. What add_message returned is on the disk.
// Not thread-safe: one thread owns a store (the window gives it a thread of its own).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/runtime/request.h"
#include "core/tokenizer/chat_prompt.h"

namespace flightdeck {

using ConversationId = int64_t;
using MessageId = int64_t;

/// What belongs to a chat rather than to the program.
struct ChatOptions {
  std::string system_prompt;
  SamplingParams sampling;
  bool use_model_sampling = true;  // the engine's defaults instead of `sampling`
  int max_tokens = 512;
};

struct Conversation {
  ConversationId id = 0;
  std::string title;
  bool pinned = false;
  int64_t created_ms = 0, updated_ms = 0;  // since the epoch; order is by `sequence`, never by clocks
  int64_t sequence = 0;
  int messages = 0;
  std::string draft;                       // text in the composer, not sent yet
  ChatOptions options;
  MessageId head = 0;                      // last message of the branch shown; 0: none
};

enum class MessageState : uint8_t { complete, partial, failed };

/// One node of the message tree: regenerating or editing makes a sibling, nothing is overwritten.
struct Message {
  MessageId id = 0;
  ConversationId conversation = 0;
  MessageId parent = 0;  // 0: first of the conversation
  Role role = Role::user;
  std::string text;
  MessageState state = MessageState::complete;
  std::string engine;    // name of the engine that answered
  FinishReason finish = FinishReason::eos;
  RequestStats stats;
  std::string error;
  int64_t created_ms = 0;
};

class ChatStore {
 public:
  /// Opens or creates; migrates older schemas after a backup. A damaged file is kept as <path>.bad, what can be read is
  /// salvaged, and `warning` says so. A newer schema is an error that leaves the file alone. A second process: ErrorKind::busy.
  static Result<std::unique_ptr<ChatStore>> open(const std::string& path, std::string* warning = nullptr);
  virtual ~ChatStore() = default;

  virtual Result<std::vector<Conversation>> conversations() = 0;  // pinned first, then newest
  virtual Result<Conversation> create_conversation(const std::string& title, const ChatOptions& options) = 0;
  /// Title, pinned, draft, options and head.
  virtual Result<void> update_conversation(const Conversation& conversation) = 0;
  /// Into the trash; restore_conversation undoes it; empty_trash is final.
  virtual Result<void> delete_conversation(ConversationId id) = 0;
  virtual Result<void> restore_conversation(ConversationId id) = 0;
  virtual Result<void> empty_trash() = 0;

  /// All messages of the tree, oldest first.
  virtual Result<std::vector<Message>> messages(ConversationId id) = 0;
  /// Stores and returns the new id; the conversation's head moves to it.
  virtual Result<MessageId> add_message(const Message& message) = 0;
  /// Text, state, finish, stats and error of a message: the growing answer.
  virtual Result<void> update_message(const Message& message) = 0;
  /// Ids of conversations whose title or messages contain the words.
  virtual Result<std::vector<ConversationId>> search(const std::string& words) = 0;
};

}  // namespace flightdeck
