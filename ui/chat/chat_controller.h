// What can be done with conversations: the list, the one that is shown, sending, branching, deleting. GUI thread only.
#pragma once

#include <QObject>
#include <QTimer>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ui/chat/chat_model.h"
#include "ui/chat/generator.h"
#include "ui/context.h"

namespace flightdeck {

class ChatController : public QObject {
  Q_OBJECT
 public:
  explicit ChatController(Context& context);

  const std::vector<Conversation>& conversations() const { return conversations_; }
  const Conversation* find(ConversationId id) const;
  ChatModel* current() const { return current_; }
  Generator& generator() { return generator_; }
  bool listed() const { return listed_; }

  void refresh();
  /// An empty chat that is stored with its first message.
  void newChat();
  void open(ConversationId id);
  /// The user's text is on the disk before the engine hears of it; sendFailed() brings the text back otherwise.
  void send(const QString& text);
  void editMessage(MessageId user_message, const QString& text);
  void regenerate(MessageId answer);
  void showBranch(MessageId message);
  void stop();
  void rename(ConversationId id, const QString& title);
  void setPinned(ConversationId id, bool pinned);
  void remove(ConversationId id);
  void restore(ConversationId id);
  void emptyTrash();
  void setOptions(const ChatOptions& options);
  /// Kept at once, on the disk within half a second: a stored chat's in the database, a new chat's in a file.
  void saveDraft(const QString& text);
  /// Stops generating; drafts and partial answers go to the disk. For quitting.
  void shutDown();
  void search(const QString& words, std::function<void(std::vector<ConversationId>)> found);

  bool generating(ConversationId id) const;
  double tokensPerSecond(ConversationId id) const;
  bool sending() const { return sending_; }

 Q_SIGNALS:
  void listChanged();
  void currentChanged();
  void activityChanged(qint64 conversation);
  void sent();
  void sendFailed(const QString& text, const QString& message);
  void failed(const QString& message);

 private:
  struct Turn {
    Conversation conversation;
    std::optional<Message> user;
    Message answer;
  };
  void startTurn(const std::optional<Message>& user, MessageId parent);
  void onTurnStored(ChatModel* model, Turn turn);
  void store(const Conversation& conversation);
  void flushDraft();
  void storeNewDraft(const std::string& text);
  ChatModel* modelOf(ConversationId id) const;
  ChatModel* keep(std::unique_ptr<ChatModel> model);
  void show(ChatModel* model);
  void dropIdleModels();
  Context& context_;
  Generator generator_;
  std::vector<Conversation> conversations_;
  std::vector<std::unique_ptr<ChatModel>> models_;  // the one shown, those generating, a new chat with a draft
  ChatModel* current_ = nullptr;
  QTimer draft_timer_;
  bool sending_ = false, listed_ = false;
};

}  // namespace flightdeck
