#include "ui/chat/composer.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <functional>

#include "ui/format.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/icon_button.h"
#include "ui/widgets/meter_bar.h"

namespace flightdeck {
namespace {

constexpr qsizetype kAttachFrom = 8000;  // characters pasted at once
constexpr qsizetype kLongLine = 2000;    // or in one line
constexpr qsizetype kMostCharacters = 4000000;

bool isLarge(const QString& text) {
  if (text.size() > kAttachFrom) return true;
  for (const QStringView line : QStringView(text).split(QLatin1Char('\n')))
    if (line.size() > kLongLine) return true;
  return false;
}

class Editor : public QPlainTextEdit {
 public:
  std::function<bool(const QString&)> take_paste;

 protected:
  bool canInsertFromMimeData(const QMimeData* source) const override { return source->hasText(); }
  void insertFromMimeData(const QMimeData* source) override {
    if (!take_paste(source->text())) insertPlainText(source->text());
  }
};

}  // namespace

Composer::Composer(QWidget* parent) : QFrame(parent) {
  setProperty("look", "composer");
  auto* column = makeBox<QVBoxLayout>(this, 0, space::s);
  column->setContentsMargins(space::l, space::m, space::m, space::m);
  edit_bar_ = makeFrame("none");
  auto* bar = makeBox<QHBoxLayout>(edit_bar_, 0, space::s);
  bar->addWidget(makeLabel(tr("Editing a message: the answer becomes a new branch, the old one stays."), type::small,
                           Tone::accent));
  bar->addStretch();
  auto* cancel = makeButton(tr("Cancel"), "quiet");
  bar->addWidget(cancel);
  edit_bar_->hide();

  auto* editor = new Editor;
  editor->take_paste = [this](const QString& text) { return takePaste(text); };
  edit_ = editor;
  edit_->setPlaceholderText(tr("Write a message…"));
  edit_->setAccessibleName(tr("Message"));
  edit_->setFont(fontOf(FontKind::ui, type::reading));
  edit_->setTabChangesFocus(true);
  edit_->setUndoRedoEnabled(true);
  edit_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);  // long words break
  edit_->setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  edit_->document()->setDocumentMargin(2);
  edit_->installEventFilter(this);

  auto* row = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  system_ = makeButton(tr("System prompt"), "quiet");
  attachment_button_ = new IconButton(QStringLiteral("attach"));
  attachment_button_->setProperty("look", "quiet");
  attachment_button_->hide();
  context_word_ = makeLabel(tr("context"), type::tiny, Tone::muted);
  meter_ = new MeterBar;
  meter_->setFixedWidth(120);
  meter_->setAccessibleName(tr("Context in use"));
  context_ = makeLabel({}, type::tiny, Tone::muted);
  context_->setFixedWidth(QFontMetrics(context_->font()).horizontalAdvance(QStringLiteral("888 888 / 888 888")));
  send_ = new IconButton(QStringLiteral("send"), tr("Send"));
  setLook(send_, "primary");
  send_->setToolTip(tr("Enter sends, Shift+Enter breaks the line"));
  stop_ = new IconButton(QStringLiteral("stop"), tr("Stop  Esc"));
  setLook(stop_, "danger");
  stop_->hide();
  row->addWidget(system_);
  row->addWidget(attachment_button_);
  row->addStretch();
  for (QWidget* widget : std::initializer_list<QWidget*>{context_word_, meter_, context_, stop_, send_})
    row->addWidget(widget);
  column->addWidget(edit_bar_);
  column->addWidget(edit_);
  column->addLayout(row);

  connect(edit_, &QPlainTextEdit::textChanged, this, [this] {
    grow();
    refreshButtons();
    Q_EMIT textChanged();
  });
  connect(send_, &QPushButton::clicked, this, &Composer::submit);
  connect(stop_, &QPushButton::clicked, this, &Composer::stopRequested);
  connect(system_, &QPushButton::clicked, this, &Composer::systemPromptRequested);
  connect(cancel, &QPushButton::clicked, this, &Composer::editCancelled);
  connect(attachment_button_, &QPushButton::clicked, this, [this] {
    attachment_.clear();
    attachment_button_->hide();
    refreshButtons();
    Q_EMIT textChanged();
  });
  grow();
  refreshButtons();
}

bool Composer::takePaste(const QString& text) {
  if (text.size() + attachment_.size() > kMostCharacters) {
    Q_EMIT refused(tr("The pasted text has %1 characters; at most %2 can be sent at once.")
                       .arg(formatCount(text.size()), formatCount(kMostCharacters)));
    return true;
  }
  if (!isLarge(text)) return false;
  if (!attachment_.isEmpty()) attachment_ += QLatin1Char('\n');
  attachment_ += text;
  attachment_button_->setText(tr("Pasted text, %1 characters  ✕").arg(formatCount(attachment_.size())));
  attachment_button_->setAccessibleName(tr("Remove the pasted text"));
  attachment_button_->show();
  refreshButtons();
  Q_EMIT textChanged();
  return true;
}

QString Composer::draft() const { return edit_->toPlainText(); }

QString Composer::text() const {
  const QString typed = edit_->toPlainText();
  if (attachment_.isEmpty()) return typed;
  return typed.trimmed().isEmpty() ? attachment_ : typed + QStringLiteral("\n\n") + attachment_;
}

void Composer::setText(const QString& text) {
  attachment_.clear();
  attachment_button_->hide();
  if (isLarge(text)) {
    edit_->clear();
    takePaste(text);
  } else {
    edit_->setPlainText(text);
    edit_->moveCursor(QTextCursor::End);
  }
}

void Composer::clear() { setText({}); }

void Composer::focus() { edit_->setFocus(); }

void Composer::setGenerating(bool generating) {
  generating_ = generating;
  refreshButtons();
}

void Composer::setReady(bool ready, const QString& hint) {
  ready_ = ready;
  edit_->setPlaceholderText(hint.isEmpty() ? tr("Write a message…") : hint);
  edit_->viewport()->update();  // Qt 6.4 goes on showing the old words otherwise
  refreshButtons();
}

void Composer::setEditing(bool editing) {
  editing_ = editing;
  edit_bar_->setVisible(editing);
  send_->setText(editing ? tr("Send as branch") : tr("Send"));
}

void Composer::refreshButtons() {
  stop_->setVisible(generating_);
  send_->setVisible(!generating_);
  send_->setEnabled(ready_ && !text().trimmed().isEmpty());
}

void Composer::setContext(int used, int context, int dropped) {
  const bool known = context > 0;
  for (QWidget* widget : std::initializer_list<QWidget*>{meter_, context_}) widget->setVisible(known);
  context_word_->setVisible(known && width() >= 480);
  if (!known) return;
  meter_->setFraction(static_cast<double>(used) / context);
  const bool over = dropped > 0 || used >= context;
  meter_->setTone(over ? Tone::prefill : Tone::accent);
  context_->setText(QStringLiteral("%1 / %2").arg(formatCount(used), formatCount(context)));
  context_->setToolTip(dropped > 0 ? tr("The oldest %1 messages no longer fit and are left out.").arg(dropped)
                                   : QString());
  context_word_->setText(over ? tr("context full") : tr("context"));
  flightdeck::setTone(context_word_, over ? Tone::prefill : Tone::muted);
}

void Composer::grow() {
  const double line = QFontMetricsF(edit_->font()).lineSpacing();
  const double lines = std::clamp(edit_->document()->size().height(), 2.0, 8.0);  // a plain text document counts lines
  edit_->setFixedHeight(static_cast<int>(lines * line) + 8);
}

void Composer::resizeEvent(QResizeEvent* event) {
  QFrame::resizeEvent(event);
  meter_->setFixedWidth(width() < 640 ? 60 : 120);
  system_->setVisible(width() >= 480);
  context_word_->setVisible(width() >= 480 && !meter_->isHidden());
  grow();
}

void Composer::submit() {
  const QString all = text();
  if (!ready_ || generating_ || all.trimmed().isEmpty()) return;
  Q_EMIT sendRequested(all);
}

bool Composer::eventFilter(QObject* object, QEvent* event) {
  if (event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut) {
    setProperty("active", event->type() == QEvent::FocusIn);
    restyle(this);
  }
  if (event->type() == QEvent::KeyPress) {
    auto* key = static_cast<QKeyEvent*>(event);
    const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
    if (enter && !(key->modifiers() & Qt::ShiftModifier)) {
      submit();
      return true;
    }
    if (key->key() == Qt::Key_Escape && !generating_ && editing_) {
      Q_EMIT editCancelled();
      return true;
    }
    if (key->key() == Qt::Key_Up && edit_->toPlainText().isEmpty() && !editing_) {
      Q_EMIT editLastRequested();
      return true;
    }
  }
  return QFrame::eventFilter(object, event);
}

}  // namespace flightdeck
