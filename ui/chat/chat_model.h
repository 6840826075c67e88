// One conversation in memory: the tree of messages and the branch that is shown. The only source of truth of its view.
// GUI thread only.
#pragma once

#include <QObject>
#include <map>
#include <vector>

#include "core/chats/chat_store.h"

namespace flightdeck {

/// What is known of an answer while it is being written.
struct LiveAnswer {
  int prefill_done = 0, prefill_total = 0;
  int generated_tokens = 0;
  double tokens_per_s = 0;
  int dropped_messages = 0;  // of the history, because they no longer fit the context
  bool thinking = false;     // between <think> and </think>
  double thinking_ms = 0;    // so far
  RequestId request = 0;     // 0: not with the engine yet
};

class ChatModel : public QObject {
  Q_OBJECT
 public:
  explicit ChatModel(Conversation conversation) : conversation_(std::move(conversation)) {}

  const Conversation& conversation() const { return conversation_; }
  Conversation& edit() { return conversation_; }
  ConversationId id() const { return conversation_.id; }
  bool loaded() const { return loaded_; }

  void setMessages(const std::vector<Message>& messages);
  /// Adds below its parent and shows that branch.
  void add(const Message& message);
  void update(const Message& message);
  void appendText(MessageId id, const std::string& text);

  const std::vector<MessageId>& path() const { return path_; }  // root → head
  const Message* find(MessageId id) const;
  std::vector<MessageId> siblings(MessageId id) const;  // in the order of their making, with itself
  /// Shows the newest branch below this message; the new head is in conversation().head.
  void show(MessageId id);
  /// Role and text of the branch up to and with `last`, without thoughts and what never became text.
  std::vector<ChatMessage> promptUpTo(MessageId last) const;

  const LiveAnswer* live(MessageId id) const;
  void setLive(MessageId id, const LiveAnswer& live);
  void endLive(MessageId id);
  bool generating() const { return !live_.empty(); }
  MessageId liveMessage() const { return live_.empty() ? 0 : live_.rbegin()->first; }
  const std::map<MessageId, LiveAnswer>& allLive() const { return live_; }

 Q_SIGNALS:
  void pathChanged();
  void textAppended(qint64 message, const QString& text);
  void messageChanged(qint64 message);
  void liveChanged(qint64 message);

 private:
  void rebuildPath();
  Conversation conversation_;
  std::map<MessageId, Message> messages_;
  std::map<MessageId, LiveAnswer> live_;
  std::vector<MessageId> path_;
  bool loaded_ = false;
};

}  // namespace flightdeck
