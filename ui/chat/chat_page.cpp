#include "ui/chat/chat_page.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/build/build_texts.h"
#include "ui/chat/composer.h"
#include "ui/chat/conversation_list.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/first_start.h"
#include "ui/chat/thought.h"
#include "ui/chat/transcript_view.h"
#include "ui/chat/tune_panel.h"
#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/toast.h"

namespace flightdeck {

ChatPage::ChatPage(Context& context, Toast* toast, QWidget* parent)
    : QWidget(parent), context_(context), toast_(toast), controller_(context) {
  auto* row = makeBox<QHBoxLayout>(this, 0, 0);
  list_ = new ConversationList(controller_);
  list_->setObjectName(QStringLiteral("conversations"));
  list_->setFixedWidth(272);
  auto* column = makeBox<QVBoxLayout>(nullptr, 0, 0);
  transcript_ = new TranscriptView;
  first_ = new FirstStart(context_);
  middle_ = new QStackedWidget;
  middle_->addWidget(first_);
  middle_->addWidget(transcript_);
  composer_ = new Composer;
  auto* below = makeBox<QHBoxLayout>(nullptr, 0, 0);
  below->setContentsMargins(space::xl, 0, space::xl, space::xl);
  composer_->setMaximumWidth(1040);
  below->addStretch(1);
  below->addWidget(composer_, 100);
  below->addStretch(1);
  find_ = new FindBar;
  column->addWidget(makeHeader());
  column->addWidget(find_);
  column->addWidget(middle_, 1);
  column->addLayout(below);
  tune_ = new TunePanel;
  tune_->hide();
  row->addWidget(list_);
  row->addLayout(column, 1);
  row->addWidget(tune_);
  count_timer_.setSingleShot(true);
  count_timer_.setInterval(150);
  connectAll();
  showCurrent();
  refreshState();
}

QWidget* ChatPage::makeHeader() {
  auto* header = makeFrame("header");
  header->setFixedHeight(72);
  auto* row = makeBox<QHBoxLayout>(header, 0, space::s);
  row->setContentsMargins(space::xl + space::xs, 0, space::l, 0);
  auto* names = makeBox<QVBoxLayout>(nullptr, 0, 0);
  title_ = new ElidedLabel;
  title_->setFont(fontOf(FontKind::semibold, type::title));
  subtitle_ = new ElidedLabel;
  subtitle_->setFont(fontOf(FontKind::ui, type::small));
  subtitle_->setProperty("tone", "muted");
  names->addStretch();
  names->addWidget(title_);
  names->addWidget(subtitle_);
  names->addStretch();
  engine_button_ = makeButton(tr("Engine"));
  engine_button_->setToolTip(tr("Choose the engine that answers"));
  find_button_ = makeButton(tr("Find"));
  find_button_->setToolTip(tr("Find in this chat  Ctrl+F"));
  tune_button_ = makeButton(tr("Tune"));
  tune_button_->setCheckable(true);
  tune_button_->setToolTip(tr("System prompt and sampling of this chat"));
  row->addLayout(names, 1);
  row->addWidget(engine_button_);
  row->addWidget(find_button_);
  row->addWidget(tune_button_);
  return header;
}

void ChatPage::connectAll() {
  connect(list_, &ConversationList::chosen, this, [this](qint64 id) { controller_.open(id); });
  connect(list_, &ConversationList::newRequested, this, &ChatPage::newChat);
  connect(list_, &ConversationList::deleteRequested, this, &ChatPage::deleteConversation);
  connect(&controller_, &ChatController::currentChanged, this, &ChatPage::showCurrent);
  connect(&controller_, &ChatController::activityChanged, this, [this](qint64 id) {
    if (controller_.current() && id == controller_.current()->id())
      composer_->setGenerating(controller_.generating(id));
    Q_EMIT generatingChanged(controller_.generator().running());
    if (!controller_.generating(id)) count_timer_.start();
  });
  connect(&controller_, &ChatController::failed, this,
          [this](const QString& message) { toast_->showMessage(message); });
  connect(&controller_, &ChatController::sent, this, [this] {
    endEdit();
    composer_->clear();
    transcript_->scrollToEnd();
  });
  connect(&controller_, &ChatController::sendFailed, this, [this](const QString& text, const QString& message) {
    if (composer_->text().isEmpty()) composer_->setText(text);
    toast_->showMessage(message);
  });
  connect(composer_, &Composer::sendRequested, this, [this](const QString& text) {
    if (editing_)
      controller_.editMessage(editing_, text);
    else
      controller_.send(text);
  });
  connect(composer_, &Composer::stopRequested, this, [this] { controller_.stop(); });
  connect(composer_, &Composer::editCancelled, this, [this] {
    endEdit();
    composer_->setText(qs(controller_.current()->conversation().draft));
  });
  connect(composer_, &Composer::refused, this, [this](const QString& message) { toast_->showMessage(message); });
  connect(composer_, &Composer::editLastRequested, this, [this] {
    const auto& path = controller_.current()->path();
    for (auto id = path.rbegin(); id != path.rend(); ++id)
      if (controller_.current()->find(*id)->role == Role::user) return startEdit(*id);
  });
  connect(composer_, &Composer::textChanged, this, [this] {
    if (!editing_) controller_.saveDraft(composer_->draft());
    count_timer_.start();
  });
  connect(composer_, &Composer::systemPromptRequested, this, [this] {
    setTuneOpen(true);
    tune_->focusSystemPrompt();
  });
  connect(transcript_, &TranscriptView::copyRequested, this, [this](qint64 id) {
    const Message* message = controller_.current()->find(id);
    if (!message) return;
    const QString text =
        message->role == Role::assistant ? ThoughtSplitter::split(qs(message->text)).answer : qs(message->text);
    if (!text.isEmpty()) QApplication::clipboard()->setText(text);
    toast_->showMessage(text.isEmpty() ? tr("There is no answer to copy here.") : tr("Copied"), {}, {}, {}, 1500);
  });
  connect(transcript_, &TranscriptView::regenerateRequested, this, [this](qint64 id) { controller_.regenerate(id); });
  connect(transcript_, &TranscriptView::editRequested, this, &ChatPage::startEdit);
  connect(transcript_, &TranscriptView::branchRequested, this, [this](qint64 id) { controller_.showBranch(id); });
  connect(tune_, &TunePanel::optionsChanged, this,
          [this](const ChatOptions& options) { controller_.setOptions(options); });
  connect(tune_, &TunePanel::closed, this, [this] { setTuneOpen(false); });
  connect(tune_button_, &QPushButton::toggled, this, &ChatPage::setTuneOpen);
  connect(find_button_, &QPushButton::clicked, this, &ChatPage::find);
  connect(find_, &FindBar::wordsChanged, transcript_, &TranscriptView::setMarked);
  connect(find_, &FindBar::chosen, transcript_, &TranscriptView::showMessage);
  connect(find_, &FindBar::closed, this, &ChatPage::focusComposer);
  connect(engine_button_, &QPushButton::clicked, this, &ChatPage::showEngineMenu);
  connect(first_, &FirstStart::modelsRequested, this, &ChatPage::modelsRequested);
  connect(first_, &FirstStart::engineReady, this, [this](const std::string& path) { context_.session.load(path); });
  connect(&context_.session, &EngineSession::stateChanged, this, &ChatPage::refreshState);
  connect(&context_.session, &EngineSession::statsChanged, this,
          [this] { transcript_->setOtherRequests(std::max(0, context_.session.stats().active_requests - 1)); });
  connect(&count_timer_, &QTimer::timeout, this, &ChatPage::countContext);
  auto* stop = new QShortcut(Qt::Key_Escape, this);
  stop->setContext(Qt::WidgetWithChildrenShortcut);
  connect(stop, &QShortcut::activated, this, [this] {
    if (controller_.generating(controller_.current()->id()))
      controller_.stop();
    else if (editing_)
      Q_EMIT composer_->editCancelled();
  });
}

void ChatPage::setTuneOpen(bool open) {
  tune_->setVisible(open);
  fitColumns();
  tune_button_->setChecked(open);
}

void ChatPage::newChat() {
  controller_.newChat();
  focusComposer();
}

void ChatPage::find() { find_->open(); }
void ChatPage::focusSearch() { list_->focusSearch(); }
void ChatPage::focusComposer() { composer_->focus(); }

bool ChatPage::openRequest(RequestId id) {
  const auto [conversation, message] = controller_.generator().answerOf(id);
  if (!conversation) return false;
  controller_.open(conversation);
  return true;
}

void ChatPage::shutDown() { controller_.shutDown(); }

void ChatPage::showCurrent() {
  ChatModel* model = controller_.current();
  transcript_->setModel(model);
  find_->setModel(model);
  const bool empty = model->id() == 0 && model->path().empty();
  middle_->setCurrentWidget(empty ? static_cast<QWidget*>(first_) : transcript_);
  composer_->setGenerating(model->generating());
  if (shown_ != model->id()) {
    endEdit();
    shown_ = model->id();
    if (composer_->draft() != qs(model->conversation().draft)) composer_->setText(qs(model->conversation().draft));
  }
  const auto engine = context_.session.engine();
  tune_->setOptions(model->conversation().options, engine ? engine->default_sampling() : SamplingParams());
  refreshHeader();
  count_timer_.start();
}

void ChatPage::refreshHeader() {
  const Conversation& conversation = controller_.current()->conversation();
  title_->setText(conversation.id ? qs(conversation.title) : tr("New chat"));
  const auto engine = context_.session.engine();
  engine_button_->setText(engine ? qs(engine->info().name).left(28) + QStringLiteral("  ▾")
                                 : tr("Choose an engine  ▾"));
  const ChatOptions& options = conversation.options;
  QStringList parts;
  if (engine)
    parts << qs(engine->info().model.empty() ? engine->info().name : engine->info().model)
          << formatName(engine->info().qformat);
  const SamplingParams sampling = options.use_model_sampling && engine ? engine->default_sampling() : options.sampling;
  if (engine || !options.use_model_sampling) {
    parts << (sampling.temperature == 0 || sampling.top_k == 1 ? tr("greedy")
                                                               : tr("temperature %1").arg(sampling.temperature));
    if (sampling.top_p < 1) parts << tr("top_p %1").arg(sampling.top_p);
    if (sampling.top_k > 1) parts << tr("top_k %1").arg(sampling.top_k);
  }
  if (!options.system_prompt.empty()) parts << tr("system prompt");
  subtitle_->setText(parts.isEmpty() ? tr("no engine open") : parts.join(QStringLiteral(" · ")));
}

void ChatPage::refreshState() {
  const auto state = context_.session.state();
  composer_->setReady(state == EngineSession::State::ready,
                      state == EngineSession::State::none ? tr("Open an engine to send messages") : QString());
  showCurrent();
}

void ChatPage::deleteConversation(qint64 id) {
  const Conversation* conversation = controller_.find(id);
  if (!conversation) return;
  const QString title = qs(conversation->title);
  toast_->expire();  // an earlier deletion becomes final before this one begins
  controller_.remove(id);
  toast_->showMessage(
      tr("Deleted “%1”").arg(title.left(60)), tr("Undo"), [this, id] { controller_.restore(id); },
      [this] { controller_.emptyTrash(); });
}

void ChatPage::startEdit(qint64 id) {
  const Message* message = controller_.current()->find(id);
  if (!message) return;
  editing_ = id;
  composer_->setEditing(true);
  composer_->setText(qs(message->text));
  composer_->focus();
}

void ChatPage::endEdit() {
  editing_ = 0;
  composer_->setEditing(false);
}

void ChatPage::countContext() {
  const auto engine = context_.session.engine();
  if (!engine) return composer_->setContext(0, 0, 0);
  ChatModel* model = controller_.current();
  std::vector<ChatMessage> prompt =
      model->promptUpTo(editing_ ? model->find(editing_)->parent : model->conversation().head);
  if (const QString text = composer_->text(); !text.isEmpty()) prompt.push_back({Role::user, text.toStdString()});
  struct Count {
    int used = 0, context = 0, dropped = 0;
  };
  context_.background.run(
      this,
      [weak = std::weak_ptr<Inference>(engine), prompt = std::move(prompt), encode = context_.services.encode_chat] {
        const auto alive = weak.lock();
        Count count;
        if (!alive) return count;
        count.context = alive->info().context_tokens;
        if (prompt.empty()) return count;
        const auto ids = encode(*alive, prompt, count.context, &count.dropped);
        count.used = ids ? static_cast<int>(ids->size()) : count.context;
        return count;
      },
      [this, round = ++count_round_](Count count) {
        if (round == count_round_) composer_->setContext(count.used, count.context, count.dropped);
      });
}

void ChatPage::showEngineMenu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (const EngineListing& engine : context_.library.engines()) {
    QAction* action = menu->addAction(
        QStringLiteral("%1   %2").arg(qs(engine.name), formatBytes(context_.library.engineBytes(engine))), this,
        [this, path = engine.path] {
          if (!context_.session.supports(path)) context_.session.load(path);
        });
    action->setCheckable(true);
    action->setChecked(context_.session.supports(engine.path));
    action->setEnabled(engine.error.empty());
  }
  if (!context_.library.engines().empty()) menu->addSeparator();
  if (context_.session.engine()) menu->addAction(tr("Close the engine"), this, [this] { context_.session.unload(); });
  menu->addAction(tr("Models…"), this, &ChatPage::modelsRequested);
  menu->popup(engine_button_->mapToGlobal(QPoint(0, engine_button_->height() + 4)));
}

void ChatPage::fitColumns() {
  list_->setFixedWidth(width() < 1000 ? 220 : 272);
  list_->setVisible(width() >= 1000 || tune_->isHidden());  // three columns need room
}

void ChatPage::resizeEvent(QResizeEvent* event) {
  fitColumns();
  QWidget::resizeEvent(event);
}

}  // namespace flightdeck
