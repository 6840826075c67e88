#include "ui/chat/chat_model.h"

#include <algorithm>

#include "ui/chat/thought.h"

namespace flightdeck {

void ChatModel::setMessages(const std::vector<Message>& messages) {
  messages_.clear();
  for (const Message& message : messages) messages_.emplace(message.id, message);
  if (!messages_.count(conversation_.head)) conversation_.head = messages_.empty() ? 0 : messages_.rbegin()->first;
  loaded_ = true;
  rebuildPath();
}

void ChatModel::rebuildPath() {
  path_.clear();
  // Ids grow, so a parent is always smaller than its child: a damaged tree with a cycle still ends here.
  for (MessageId id = conversation_.head; messages_.count(id);) {
    path_.push_back(id);
    const MessageId parent = messages_.at(id).parent;
    if (parent >= id) break;
    id = parent;
  }
  std::reverse(path_.begin(), path_.end());
  Q_EMIT pathChanged();
}

void ChatModel::add(const Message& message) {
  messages_[message.id] = message;
  conversation_.head = message.id;
  loaded_ = true;
  rebuildPath();
}

void ChatModel::update(const Message& message) {
  messages_[message.id] = message;
  Q_EMIT messageChanged(message.id);
}

void ChatModel::appendText(MessageId id, const std::string& text) {
  const auto found = messages_.find(id);
  if (found == messages_.end() || text.empty()) return;
  found->second.text += text;
  Q_EMIT textAppended(id, QString::fromStdString(text));
}

const Message* ChatModel::find(MessageId id) const {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found->second;
}

std::vector<MessageId> ChatModel::siblings(MessageId id) const {
  const Message* message = find(id);
  std::vector<MessageId> ids;
  if (!message) return ids;
  for (const auto& [other, value] : messages_)
    if (value.parent == message->parent && value.role == message->role) ids.push_back(other);
  return ids;
}

void ChatModel::show(MessageId id) {
  MessageId head = id;
  for (const auto& [other, message] : messages_)  // ascending: children come after their parents
    if (message.parent == head) head = other;
  conversation_.head = head;
  rebuildPath();
}

std::vector<ChatMessage> ChatModel::promptUpTo(MessageId last) const {
  std::vector<ChatMessage> prompt;
  for (MessageId id = last; const Message* message = find(id);) {
    // What was thought belongs to its answer alone: reasoning models are not shown it again.
    std::string text = message->role == Role::assistant
                           ? ThoughtSplitter::split(QString::fromStdString(message->text)).answer.toStdString()
                           : message->text;
    if (!text.empty()) prompt.push_back({message->role, std::move(text)});
    if (message->parent >= id) break;
    id = message->parent;
  }
  if (!conversation_.options.system_prompt.empty())
    prompt.push_back({Role::system, conversation_.options.system_prompt});
  std::reverse(prompt.begin(), prompt.end());
  return prompt;
}

const LiveAnswer* ChatModel::live(MessageId id) const {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

void ChatModel::setLive(MessageId id, const LiveAnswer& live) {
  live_[id] = live;
  Q_EMIT liveChanged(id);
}

void ChatModel::endLive(MessageId id) {
  live_.erase(id);
  Q_EMIT liveChanged(id);
}

}  // namespace flightdeck
