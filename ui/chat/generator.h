// Runs answers: prompt → request → text → stored message. Several at once. GUI thread only; the engine's callbacks
// reach it through TokenFeed alone.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <atomic>
#include <map>
#include <memory>

#include "ui/chat/chat_model.h"
#include "ui/chat/thought.h"
#include "ui/context.h"

namespace flightdeck {

class Generator : public QObject {
  Q_OBJECT
 public:
  explicit Generator(Context& context);

  /// `answer` is already stored, empty and partial; its text grows from here on.
  void start(const Message& answer, std::vector<ChatMessage> prompt, const ChatOptions& options, const QString& label);
  void stop(MessageId answer);
  void stopConversation(ConversationId id);
  bool running() const { return !running_.empty(); }
  /// The running answer of a request (a click in the timeline), 0 when there is none.
  std::pair<ConversationId, MessageId> answerOf(RequestId request) const;
  /// Queues the present text of every running answer for the disk.
  void savePartialAnswers();
  /// Stops everything and saves what is there as partial; for quitting.
  void shutDown();

 Q_SIGNALS:
  void textAdded(qint64 conversation, qint64 message, const std::string& text);
  void progressed(qint64 conversation, qint64 message, const flightdeck::LiveAnswer& live);
  void finished(const flightdeck::Message& message);
  void saveFailed(const QString& message);

 private:
  struct Running {
    Message answer;
    LiveAnswer live;
    std::shared_ptr<std::atomic<bool>> stop;
    std::weak_ptr<Inference> engine;
    QElapsedTimer since_first_token;
    ThoughtSplitter thought;
    int first_tokens = 0;  // generated when the clock started
    bool unsaved = false;
  };
  struct Submitted {
    RequestId request = 0;
    int dropped = 0;
  };
  static Result<Submitted> submit(const Services& services, const std::weak_ptr<Inference>& engine,
                                  const std::vector<ChatMessage>& prompt, const ChatOptions& options,
                                  const std::string& label, StreamId stream, std::shared_ptr<TokenFeed::Inbox> inbox,
                                  std::shared_ptr<std::atomic<bool>> stop);
  void onSubmitted(MessageId id, Result<Submitted> result);
  void onUpdate(const FeedUpdate& update);
  static void measureThought(Running& running, const std::string& text);
  void finish(MessageId id, const Completion& completion);
  void save(const Message& message);
  Context& context_;
  std::map<MessageId, Running> running_;
  QTimer save_timer_;
};

}  // namespace flightdeck
