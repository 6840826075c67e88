#include "ui/chat/find_bar.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <algorithm>

#include "ui/format.h"
#include "ui/widgets/controls.h"

namespace flightdeck {

FindBar::FindBar(QWidget* parent) : QFrame(parent) {
  setLook(this, "header");
  auto* row = makeBox<QHBoxLayout>(this, 0, space::s);
  row->setContentsMargins(space::xl + space::xs, space::s, space::l, space::s);
  field_ = new QLineEdit;
  field_->setPlaceholderText(tr("Find in this chat"));
  field_->setAccessibleName(tr("Find in this chat"));
  field_->setClearButtonEnabled(true);
  field_->installEventFilter(this);
  count_ = makeLabel({}, type::small, Tone::muted);
  previous_ = makeIconButton(QStringLiteral("left"), tr("Earlier message  Shift+Enter"));
  next_ = makeIconButton(QStringLiteral("right"), tr("Later message  Enter"));
  auto* close = makeIconButton(QStringLiteral("close"), tr("Close  Esc"));
  row->addWidget(field_, 1);
  for (QWidget* widget : std::initializer_list<QWidget*>{count_, previous_, next_, close}) row->addWidget(widget);
  connect(field_, &QLineEdit::textChanged, this, &FindBar::search);
  connect(previous_, &QPushButton::clicked, this, [this] { step(-1); });
  connect(next_, &QPushButton::clicked, this, [this] { step(1); });
  connect(close, &QPushButton::clicked, this, &FindBar::close);
  hide();
}

void FindBar::setModel(ChatModel* model) {
  if (model == model_) return;
  model_ = model;
  if (!isHidden()) search();
}

void FindBar::open() {
  show();
  field_->setFocus();
  field_->selectAll();
  search();
}

void FindBar::close() {
  if (isHidden()) return;
  hide();
  Q_EMIT wordsChanged({});
  Q_EMIT closed();
}

void FindBar::search() {
  const QString words = field_->text();
  found_.clear();
  if (model_ && !words.isEmpty())
    for (MessageId id : model_->path())
      if (qs(model_->find(id)->text).contains(words, Qt::CaseInsensitive)) found_.push_back(id);
  at_ = found_.empty() ? 0 : found_.size() - 1;  // the newest first: that is where the reader is
  Q_EMIT wordsChanged(words);
  showCount();
  if (!found_.empty()) Q_EMIT chosen(found_[at_]);
}

void FindBar::step(int by) {
  if (found_.empty()) return;
  const auto count = static_cast<int>(found_.size());
  at_ = static_cast<size_t>((static_cast<int>(at_) + by + count) % count);
  showCount();
  Q_EMIT chosen(found_[at_]);
}

void FindBar::showCount() {
  for (QPushButton* button : {previous_, next_}) button->setEnabled(found_.size() > 1);
  if (field_->text().isEmpty())
    count_->clear();
  else if (found_.empty())
    count_->setText(tr("not in this chat"));
  else
    count_->setText(tr("message %1 of %2").arg(at_ + 1).arg(found_.size()));
}

bool FindBar::eventFilter(QObject* object, QEvent* event) {
  if (event->type() == QEvent::KeyPress) {
    auto* key = static_cast<QKeyEvent*>(event);
    if (key->key() == Qt::Key_Escape) {
      close();
      return true;
    }
    if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
      step(key->modifiers() & Qt::ShiftModifier ? -1 : 1);
      return true;
    }
  }
  // Escape would stop the answer: here it closes the bar.
  if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  return QFrame::eventFilter(object, event);
}

}  // namespace flightdeck
