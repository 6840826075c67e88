// Conversations in memory, with a log of what was written when; the data outlives the store, as a file would.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "core/chats/chat_store.h"

namespace flightdeck::test {

struct MemoryData {
  std::mutex mutex;
  std::map<ConversationId, Conversation> conversations;
  std::set<ConversationId> trash;
  std::map<MessageId, Message> messages;
  std::vector<std::string> log;  // "create 1", "add user 2", "update 3 partial 12"
  std::string refuse;            // not empty: add_message fails with this
  int64_t next = 1;
};

class MemoryStore : public ChatStore {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryData> data) : data_(std::move(data)) {}
  Result<std::vector<Conversation>> conversations() override;
  Result<Conversation> create_conversation(const std::string& title, const ChatOptions& options) override;
  Result<void> update_conversation(const Conversation& conversation) override;
  Result<void> delete_conversation(ConversationId id) override;
  Result<void> restore_conversation(ConversationId id) override;
  Result<void> empty_trash() override;
  Result<std::vector<Message>> messages(ConversationId id) override;
  Result<MessageId> add_message(const Message& message) override;
  Result<void> update_message(const Message& message) override;
  Result<std::vector<ConversationId>> search(const std::string& words) override;

 private:
  std::shared_ptr<MemoryData> data_;
};

}  // namespace flightdeck::test
