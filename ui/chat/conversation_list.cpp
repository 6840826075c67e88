#include "ui/chat/conversation_list.h"

#include <QHBoxLayout>
#include <QInputDialog>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QShortcut>
#include <QVBoxLayout>

#include "ui/chat/conversation_delegate.h"
#include "ui/chat/conversation_model.h"
#include "ui/widgets/controls.h"

namespace flightdeck {

ConversationList::ConversationList(ChatController& controller, QWidget* parent)
    : QFrame(parent), controller_(controller), model_(new ConversationModel(controller, this)) {
  setProperty("look", "sidebar");
  auto* column = makeBox<QVBoxLayout>(this, 0, space::m);
  column->setContentsMargins(0, space::l, 0, 0);
  auto* head = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  head->setContentsMargins(22, 0, space::l, 0);
  head->addWidget(makeLabel(tr("Chats"), type::title, Tone::text, FontKind::semibold));
  head->addStretch();
  auto* add = makeIconButton(QStringLiteral("plus"), tr("New chat  Ctrl+N"), "");
  head->addWidget(add);
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search messages  Ctrl+K"));
  search_->setAccessibleName(tr("Search messages"));
  search_->setProperty("look", "search");
  search_->setClearButtonEnabled(true);
  auto* field = makeBox<QHBoxLayout>(nullptr, 0, 0);
  field->setContentsMargins(space::l, 0, space::l, 0);
  field->addWidget(search_);
  view_ = new QListView;
  view_->setModel(model_);
  view_->setItemDelegate(new ConversationDelegate(view_));
  view_->setAccessibleName(tr("Conversations"));
  view_->setFrameShape(QFrame::NoFrame);
  view_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  view_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  view_->setContextMenuPolicy(Qt::CustomContextMenu);
  view_->setMouseTracking(true);
  view_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  nothing_ = makeLabel({}, type::small, Tone::muted);
  nothing_->setWordWrap(true);
  nothing_->setContentsMargins(22, 0, 22, 0);
  nothing_->hide();
  column->addLayout(head);
  column->addLayout(field);
  column->addWidget(nothing_);
  column->addWidget(view_, 1);

  search_timer_.setSingleShot(true);
  search_timer_.setInterval(120);
  activity_timer_.setSingleShot(true);
  activity_timer_.setInterval(200);  // rates in the list change five times a second at most
  connect(&search_timer_, &QTimer::timeout, this, &ConversationList::search);
  connect(&activity_timer_, &QTimer::timeout, model_, &ConversationModel::activity);
  connect(search_, &QLineEdit::textChanged, this, [this] { search_timer_.start(); });
  connect(add, &QPushButton::clicked, this, &ConversationList::newRequested);
  connect(view_, &QListView::clicked, this, [this](const QModelIndex& index) {
    if (!index.data(ConversationModel::HeadingRole).toBool())
      Q_EMIT chosen(index.data(ConversationModel::IdRole).toLongLong());
  });
  connect(view_, &QListView::activated, this,
          [this](const QModelIndex& index) { Q_EMIT chosen(index.data(ConversationModel::IdRole).toLongLong()); });
  connect(view_, &QWidget::customContextMenuRequested, this, &ConversationList::showMenu);
  connect(&controller_, &ChatController::listChanged, this, &ConversationList::refresh);
  connect(&controller_, &ChatController::currentChanged, this, &ConversationList::refresh);
  connect(&controller_, &ChatController::activityChanged, this, [this] {
    if (!activity_timer_.isActive()) activity_timer_.start();
  });
  const auto shortcut = [this](const QKeySequence& keys, auto call) {
    auto* made = new QShortcut(keys, view_);
    made->setContext(Qt::WidgetShortcut);
    connect(made, &QShortcut::activated, this, call);
  };
  shortcut(Qt::Key_F2, [this] { rename(currentId()); });
  shortcut(Qt::Key_Delete, [this] {
    if (currentId()) Q_EMIT deleteRequested(currentId());
  });
}

qint64 ConversationList::currentId() const {
  return view_->currentIndex().data(ConversationModel::IdRole).toLongLong();
}

void ConversationList::focusSearch() {
  search_->setFocus();
  search_->selectAll();
}

void ConversationList::refresh() {
  model_->refresh(found_);
  if (controller_.current()) {
    const QModelIndex index = model_->indexOf(controller_.current()->id());
    if (index.isValid()) view_->setCurrentIndex(index);
  }
  nothing_->setVisible(model_->rowCount() == 0);
  nothing_->setText(found_ ? tr("Nothing found. The search looks at titles and at every message.")
                           : tr("Your conversations will stand here. They are stored on this computer only."));
}

void ConversationList::search() {
  const QString words = search_->text().trimmed();
  if (words.isEmpty()) {
    found_.reset();
    return refresh();
  }
  controller_.search(words, [this, words](std::vector<ConversationId> ids) {
    if (words != search_->text().trimmed()) return;  // a newer search is on its way
    found_ = std::move(ids);
    refresh();
  });
}

void ConversationList::showMenu(const QPoint& point) {
  const QModelIndex index = view_->indexAt(point);
  if (!index.isValid() || index.data(ConversationModel::HeadingRole).toBool()) return;
  const qint64 id = index.data(ConversationModel::IdRole).toLongLong();
  const bool pinned = index.data(ConversationModel::PinnedRole).toBool();
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(tr("Rename…"), this, [this, id] { rename(id); });
  menu->addAction(pinned ? tr("Unpin") : tr("Pin"), this, [this, id, pinned] { controller_.setPinned(id, !pinned); });
  menu->addSeparator();
  menu->addAction(tr("Delete"), this, [this, id] { Q_EMIT deleteRequested(id); });
  menu->popup(view_->viewport()->mapToGlobal(point));
}

void ConversationList::rename(qint64 id) {
  const Conversation* conversation = controller_.find(id);
  if (!conversation) return;
  auto* dialog = new QInputDialog(window());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(tr("Rename"));
  dialog->setLabelText(tr("Title of this conversation"));
  dialog->setTextValue(QString::fromStdString(conversation->title));
  connect(dialog, &QInputDialog::textValueSelected, this,
          [this, id](const QString& title) { controller_.rename(id, title); });
  dialog->open();
}

}  // namespace flightdeck
