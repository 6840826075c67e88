#include "tests/ui/memory_store.h"

#include <algorithm>
#include <chrono>

namespace flightdeck::test {
namespace {
int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}
}  // namespace

Result<std::vector<Conversation>> MemoryStore::conversations() {
  std::lock_guard lock(data_->mutex);
  std::vector<Conversation> all;
  for (auto [id, conversation] : data_->conversations) {
    if (data_->trash.count(id)) continue;
    conversation.messages =
        static_cast<int>(std::count_if(data_->messages.begin(), data_->messages.end(),
                                       [id = id](const auto& m) { return m.second.conversation == id; }));
    all.push_back(conversation);
  }
  std::sort(all.begin(), all.end(), [](const Conversation& a, const Conversation& b) {
    return a.pinned != b.pinned ? a.pinned : a.sequence > b.sequence;
  });
  return all;
}

Result<Conversation> MemoryStore::create_conversation(const std::string& title, const ChatOptions& options) {
  std::lock_guard lock(data_->mutex);
  Conversation conversation;
  conversation.id = data_->next++;
  conversation.title = title;
  conversation.options = options;
  conversation.sequence = data_->next++;
  conversation.created_ms = conversation.updated_ms = now_ms();
  data_->conversations[conversation.id] = conversation;
  data_->log.push_back("create " + std::to_string(conversation.id));
  return conversation;
}

Result<void> MemoryStore::update_conversation(const Conversation& conversation) {
  std::lock_guard lock(data_->mutex);
  Conversation& kept = data_->conversations[conversation.id];
  const auto [sequence, updated, created] = std::tuple(kept.sequence, kept.updated_ms, kept.created_ms);
  kept = conversation;
  kept.sequence = sequence;
  kept.updated_ms = updated;
  kept.created_ms = created;
  return {};
}

Result<void> MemoryStore::delete_conversation(ConversationId id) {
  std::lock_guard lock(data_->mutex);
  data_->trash.insert(id);
  return {};
}

Result<void> MemoryStore::restore_conversation(ConversationId id) {
  std::lock_guard lock(data_->mutex);
  data_->trash.erase(id);
  return {};
}

Result<void> MemoryStore::empty_trash() {
  std::lock_guard lock(data_->mutex);
  for (ConversationId id : data_->trash) data_->conversations.erase(id);
  data_->trash.clear();
  return {};
}

Result<std::vector<Message>> MemoryStore::messages(ConversationId id) {
  std::lock_guard lock(data_->mutex);
  std::vector<Message> found;
  for (const auto& [message_id, message] : data_->messages)
    if (message.conversation == id) found.push_back(message);
  return found;
}

Result<MessageId> MemoryStore::add_message(const Message& message) {
  std::lock_guard lock(data_->mutex);
  if (!data_->refuse.empty()) return fail(ErrorKind::no_space, "{}", data_->refuse);
  const MessageId id = data_->next++;
  Message stored = message;
  stored.id = id;
  data_->messages[id] = stored;
  Conversation& conversation = data_->conversations[message.conversation];
  conversation.head = id;
  conversation.sequence = data_->next++;
  conversation.updated_ms = now_ms();
  data_->log.push_back(std::string(message.role == Role::user ? "add user " : "add answer ") + std::to_string(id));
  return id;
}

Result<void> MemoryStore::update_message(const Message& message) {
  std::lock_guard lock(data_->mutex);
  data_->messages[message.id] = message;
  data_->log.push_back("update " + std::to_string(message.id) +
                       (message.state == MessageState::partial ? " partial " : " final ") +
                       std::to_string(message.text.size()));
  return {};
}

Result<std::vector<ConversationId>> MemoryStore::search(const std::string& words) {
  std::lock_guard lock(data_->mutex);
  std::set<ConversationId> found;
  for (const auto& [id, message] : data_->messages)
    if (message.text.find(words) != std::string::npos) found.insert(message.conversation);
  for (const auto& [id, conversation] : data_->conversations)
    if (conversation.title.find(words) != std::string::npos) found.insert(id);
  return std::vector<ConversationId>(found.begin(), found.end());
}

}  // namespace flightdeck::test
