#include "ui/chat/chat_controller.h"

#include <QDateTime>
#include <algorithm>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "ui/format.h"

namespace flightdeck {
namespace {

QString titleOf(const std::string& text) {
  const QString line = qs(text.substr(0, 400)).trimmed().section(QLatin1Char('\n'), 0, 0);
  return line.size() <= 48 ? line : line.left(47).trimmed() + QChar(0x2026);
}

constexpr size_t kMostDraftBytes = 16 << 20;

std::string newDraftFile() { return state_dir() + "/new-chat-draft"; }

Message messageOf(ConversationId conversation, Role role, const std::string& text, MessageId parent) {
  Message message;
  message.conversation = conversation;
  message.role = role;
  message.text = text;
  message.parent = parent;
  message.created_ms = QDateTime::currentMSecsSinceEpoch();
  return message;
}

}  // namespace

ChatController::ChatController(Context& context) : context_(context), generator_(context) {
  draft_timer_.setSingleShot(true);
  draft_timer_.setInterval(500);
  connect(&draft_timer_, &QTimer::timeout, this, &ChatController::flushDraft);
  connect(&generator_, &Generator::textAdded, this,
          [this](qint64 conversation, qint64 message, const std::string& text) {
            if (ChatModel* model = modelOf(conversation)) model->appendText(message, text);
          });
  connect(&generator_, &Generator::progressed, this,
          [this](qint64 conversation, qint64 message, const LiveAnswer& live) {
            if (ChatModel* model = modelOf(conversation)) model->setLive(message, live);
            Q_EMIT activityChanged(conversation);
          });
  connect(&generator_, &Generator::finished, this, [this](const Message& message) {
    if (ChatModel* model = modelOf(message.conversation)) {
      model->endLive(message.id);
      model->update(message);
    }
    Q_EMIT activityChanged(message.conversation);
    dropIdleModels();
    refresh();
  });
  connect(&generator_, &Generator::saveFailed, this,
          [this](const QString& message) { Q_EMIT failed(tr("This answer is not on the disk yet: %1").arg(message)); });
  newChat();
  if (const auto draft = read_file(newDraftFile(), kMostDraftBytes)) current_->edit().draft = *draft;
  refresh();
}

const Conversation* ChatController::find(ConversationId id) const {
  for (const Conversation& conversation : conversations_)
    if (conversation.id == id) return &conversation;
  return nullptr;
}

ChatModel* ChatController::modelOf(ConversationId id) const {
  for (const auto& model : models_)
    if (model->id() == id) return model.get();
  return nullptr;
}

ChatModel* ChatController::keep(std::unique_ptr<ChatModel> model) {
  models_.push_back(std::move(model));
  return models_.back().get();
}

void ChatController::show(ChatModel* model) {
  flushDraft();  // of the chat that is left
  current_ = model;
  dropIdleModels();
  Q_EMIT currentChanged();
}

void ChatController::dropIdleModels() {
  if (sending_) return;  // the one that is sending may not be shown any more
  for (auto model = models_.begin(); model != models_.end();) {
    const bool unsent = (*model)->id() == 0 && !(*model)->conversation().draft.empty();
    if (model->get() == current_ || (*model)->generating() || unsent) {
      ++model;
    } else {
      model->release()->deleteLater();  // its own signal may be on the stack
      model = models_.erase(model);
    }
  }
}

void ChatController::refresh() {
  context_.storage.call<std::vector<Conversation>>(
      this, [](ChatStore& store) { return store.conversations(); },
      [this](Result<std::vector<Conversation>> result) {
        listed_ = true;
        if (!result) {
          Q_EMIT failed(qs(result.error().message));
          return;
        }
        conversations_ = std::move(*result);
        Q_EMIT listChanged();
      });
}

void ChatController::newChat() {
  if (current_ && current_->id() == 0) {
    Q_EMIT currentChanged();
    return;
  }
  if (ChatModel* begun = modelOf(0); begun && !sending_) return show(begun);
  Conversation empty;
  if (current_) empty.options = current_->conversation().options;
  auto model = std::make_unique<ChatModel>(empty);
  model->setMessages({});
  show(keep(std::move(model)));
}

void ChatController::open(ConversationId id) {
  if (current_ && current_->id() == id) return;
  if (ChatModel* known = modelOf(id)) return show(known);
  const Conversation* conversation = find(id);
  if (!conversation) return;
  show(keep(std::make_unique<ChatModel>(*conversation)));
  context_.storage.call<std::vector<Message>>(
      current_, [id](ChatStore& store) { return store.messages(id); },
      [this, model = current_](Result<std::vector<Message>> result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
        model->setMessages(result ? *result : std::vector<Message>());
      });
}

void ChatController::send(const QString& text) {
  if (sending_ || text.trimmed().isEmpty()) return;
  const MessageId head = current_->conversation().head;
  startTurn(messageOf(current_->id(), Role::user, text.toStdString(), head), head);
}

void ChatController::editMessage(MessageId id, const QString& text) {
  const Message* old = current_->find(id);
  if (sending_ || !old || text.trimmed().isEmpty()) return;
  startTurn(messageOf(current_->id(), Role::user, text.toStdString(), old->parent), old->parent);
}

void ChatController::regenerate(MessageId id) {
  const Message* old = current_->find(id);
  if (sending_ || !old || old->role != Role::assistant) return;
  startTurn(std::nullopt, old->parent);
}

void ChatController::startTurn(const std::optional<Message>& user, MessageId parent) {
  const QString text = user ? qs(user->text) : QString();
  if (!context_.session.engine()) {
    Q_EMIT sendFailed(text, tr("No engine is open: open one on the Models page, or build one first."));
    return;
  }
  sending_ = true;
  Turn turn{current_->conversation(), user, messageOf(current_->id(), Role::assistant, {}, parent)};
  turn.answer.state = MessageState::partial;
  turn.answer.engine = context_.session.engine()->info().name;
  turn.conversation.draft.clear();
  if (turn.conversation.id == 0 && user) turn.conversation.title = titleOf(user->text).toStdString();
  const auto job = [turn](ChatStore& store) mutable -> Result<Turn> {
    if (turn.conversation.id == 0) {
      TRY(turn.conversation, store.create_conversation(turn.conversation.title, turn.conversation.options));
    }
    const ConversationId id = turn.conversation.id;
    if (turn.user) {
      turn.user->conversation = id;
      TRY(turn.user->id, store.add_message(*turn.user));
      turn.answer.parent = turn.user->id;
    }
    turn.answer.conversation = id;
    TRY(turn.answer.id, store.add_message(turn.answer));
    return turn;
  };
  context_.storage.call<Turn>(this, job, [this, model = current_, text](Result<Turn> result) {
    sending_ = false;
    if (!result) {
      Q_EMIT sendFailed(text,
                        tr("The message could not be stored, so it was not sent: %1").arg(qs(result.error().message)));
      return;
    }
    onTurnStored(model, std::move(*result));
  });
}

void ChatController::onTurnStored(ChatModel* model, Turn turn) {
  if (model->id() == 0) storeNewDraft({});  // it is a message now
  model->edit().id = turn.conversation.id;
  model->edit().title = turn.conversation.title;
  model->edit().draft.clear();
  if (turn.user) model->add(*turn.user);
  model->add(turn.answer);
  model->edit().head = turn.answer.id;
  store(model->conversation());
  Q_EMIT sent();
  generator_.start(turn.answer, model->promptUpTo(turn.answer.parent), model->conversation().options,
                   tr("chat %1").arg(qs(turn.conversation.title)));
  if (model == current_) Q_EMIT currentChanged();
  refresh();
}

void ChatController::showBranch(MessageId id) {
  current_->show(id);
  store(current_->conversation());
}

void ChatController::stop() {
  if (current_) generator_.stopConversation(current_->id());
}

void ChatController::store(const Conversation& conversation) {
  if (conversation.id == 0) return;
  context_.storage.call<void>(
      this, [conversation](ChatStore& store) { return store.update_conversation(conversation); },
      [this](const Result<void>& result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
      });
}

void ChatController::rename(ConversationId id, const QString& title) {
  const Conversation* known = find(id);
  if (!known || title.trimmed().isEmpty()) return;
  Conversation changed = modelOf(id) ? modelOf(id)->conversation() : *known;
  changed.title = title.trimmed().left(200).toStdString();
  if (ChatModel* model = modelOf(id)) model->edit().title = changed.title;
  store(changed);
  refresh();
  if (current_->id() == id) Q_EMIT currentChanged();
}

void ChatController::setPinned(ConversationId id, bool pinned) {
  const Conversation* known = find(id);
  if (!known) return;
  Conversation changed = modelOf(id) ? modelOf(id)->conversation() : *known;
  changed.pinned = pinned;
  if (ChatModel* model = modelOf(id)) model->edit().pinned = pinned;
  store(changed);
  refresh();
}

void ChatController::remove(ConversationId id) {
  generator_.stopConversation(id);
  context_.storage.call<void>(
      this, [id](ChatStore& store) { return store.delete_conversation(id); },
      [this](const Result<void>& result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
        refresh();
      });
  std::erase_if(conversations_, [id](const Conversation& c) { return c.id == id; });
  if (current_->id() == id) newChat();
  Q_EMIT listChanged();
}

void ChatController::restore(ConversationId id) {
  context_.storage.call<void>(
      this, [id](ChatStore& store) { return store.restore_conversation(id); },
      [this](const Result<void>& result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
        refresh();
      });
}

void ChatController::emptyTrash() {
  context_.storage.call<void>(
      this, [](ChatStore& store) { return store.empty_trash(); }, [](const Result<void>&) {});
}

void ChatController::setOptions(const ChatOptions& options) {
  current_->edit().options = options;
  store(current_->conversation());
  Q_EMIT currentChanged();
}

void ChatController::saveDraft(const QString& text) {
  const std::string draft = text.toStdString();
  if (current_->conversation().draft == draft) return;
  current_->edit().draft = draft;
  for (Conversation& known : conversations_)  // opened again before the list is read anew, it still has its draft
    if (known.id == current_->id()) known.draft = draft;
  draft_timer_.start();
}

void ChatController::flushDraft() {
  if (!draft_timer_.isActive() && sender() != &draft_timer_) return;
  draft_timer_.stop();
  if (current_->id())
    store(current_->conversation());
  else
    storeNewDraft(current_->conversation().draft);
}

void ChatController::storeNewDraft(const std::string& text) {
  context_.storage.call<void>(
      this,
      [text](ChatStore&) -> Result<void> {
        TRY_VOID(make_directories(state_dir()));
        return write_file_atomically(newDraftFile(), text);
      },
      [this](const Result<void>& result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
      });
}

void ChatController::shutDown() {
  flushDraft();
  generator_.shutDown();
}

void ChatController::search(const QString& words, std::function<void(std::vector<ConversationId>)> found) {
  context_.storage.call<std::vector<ConversationId>>(
      this, [words = words.toStdString()](ChatStore& store) { return store.search(words); },
      [this, found = std::move(found)](Result<std::vector<ConversationId>> result) {
        if (!result) Q_EMIT failed(qs(result.error().message));
        found(result ? std::move(*result) : std::vector<ConversationId>());
      });
}

bool ChatController::generating(ConversationId id) const {
  const ChatModel* model = modelOf(id);
  return model && model->generating();
}

double ChatController::tokensPerSecond(ConversationId id) const {
  const ChatModel* model = modelOf(id);
  double rate = 0;
  if (model)
    for (const auto& [message, live] : model->allLive()) rate += live.tokens_per_s;
  return rate;
}

}  // namespace flightdeck
