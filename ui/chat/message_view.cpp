#include "ui/chat/message_view.h"

#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <algorithm>
#include <utility>

#include "ui/chat/message_texts.h"
#include "ui/format.h"
#include "ui/markdown/block_column.h"
#include "ui/markdown/text_block.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/icon_button.h"

namespace flightdeck {
namespace {
constexpr int kReadingWidth = 720;
constexpr int kThoughtIndent = 16;
constexpr qsizetype kShownWords = 6000;  // of the user's text, until "Show all"
}  // namespace

MessageView::MessageView(const ChatModel& model, MessageId id, QWidget* parent)
    : QWidget(parent), model_(model), id_(id), user_(model.find(id) && model.find(id)->role == Role::user) {
  makeActions();
  const Message* message = model_.find(id);
  if (message) showText(qs(message->text));
  refresh(0);
}

void MessageView::makeActions() {
  const auto quiet = [this](const QString& text, auto emitter) {
    QPushButton* button = makeButton(text, "quiet");
    button->setParent(this);
    button->setFont(fontOf(FontKind::ui, type::tiny));
    connect(button, &QPushButton::clicked, this, emitter);
    return button;
  };
  copy_ = quiet(tr("Copy"), [this] { Q_EMIT copyRequested(id_); });
  copy_->setAccessibleName(tr("Copy this message"));
  again_ = user_ ? quiet(tr("Edit"), [this] { Q_EMIT editRequested(id_); })
                 : quiet(tr("Regenerate"), [this] { Q_EMIT regenerateRequested(id_); });
  const auto step = [this](int by) {
    const auto all = model_.siblings(id_);
    const auto at = std::find(all.begin(), all.end(), id_) - all.begin() + by;
    if (at >= 0 && at < static_cast<std::ptrdiff_t>(all.size())) Q_EMIT branchRequested(all[static_cast<size_t>(at)]);
  };
  previous_ = quiet(QStringLiteral("‹"), [step] { step(-1); });
  previous_->setAccessibleName(tr("Previous version"));
  next_ = quiet(QStringLiteral("›"), [step] { step(1); });
  next_->setAccessibleName(tr("Next version"));
  branch_ = makeLabel({}, type::tiny, Tone::muted);
  branch_->setParent(this);
  branch_->setAlignment(Qt::AlignCenter);
  if (user_) {
    words_ = new TextBlock(BlockKind::paragraph, this);
    more_ = quiet(tr("Show all"), [this] {
      words_->setPlainText(qs(model_.find(id_)->text));
      more_->hide();
      more_ = nullptr;
      Q_EMIT heightChanged();
    });
    more_->hide();
    return;
  }
  name_ = makeLabel({}, type::small, Tone::accent, FontKind::semibold);
  name_->setParent(this);
  stats_ = makeLabel({}, type::tiny, Tone::faint, FontKind::mono);
  stats_->setParent(this);
  stats_->setWordWrap(true);
  stats_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  answer_ = new BlockColumn(this);
  thought_ = new BlockColumn(this, true);
  thought_->setShown(false);
  for (BlockColumn* column : {thought_, answer_})
    connect(column, &BlockColumn::linkClicked, this, &MessageView::linkClicked);
  thought_button_ = new IconButton(QStringLiteral("right"), {}, this);
  thought_button_->setProperty("look", "quiet");
  thought_button_->setFont(fontOf(FontKind::ui, type::small));
  thought_button_->hide();
  connect(thought_button_, &QPushButton::clicked, this, [this] { foldThought(!thought_open_); });
  note_ = makeLabel({}, type::small, Tone::prefill);
  note_->setParent(this);
  note_->setWordWrap(true);
}

void MessageView::showText(const QString& text) {
  if (user_) {
    const bool cut = text.size() > kShownWords;
    words_->setPlainText(cut ? text.left(kShownWords) + QChar(0x2026) : text);
    if (cut) more_->setText(tr("Show all %1 characters").arg(formatCount(text.size())));
    setAccessibleName(tr("You: %1").arg(text.left(1000)));
    return;
  }
  appendText(text);
  if (!model_.live(id_)) finishText();
}

void MessageView::appendText(const QString& text) {
  finished_ = false;  // an answer is shown before its first word
  addParts(parts_.append(text));
}

void MessageView::addParts(const ThoughtSplitter::Parts& parts) {
  const bool live = model_.live(id_) != nullptr;
  if (!parts.thought.isEmpty()) thought_->append(parts.thought, live);
  if (!parts_.thinking()) thought_->finish();
  if (!parts.answer.isEmpty()) answer_->append(parts.answer, live);
}

void MessageView::finishText() {
  if (std::exchange(finished_, true)) return;
  addParts(parts_.finish());
  thought_->finish();
  answer_->finish();
}

void MessageView::foldThought(bool open) {
  thought_open_ = open;
  thought_->setShown(open);
  thought_button_->setIconName(open ? QStringLiteral("fold") : QStringLiteral("right"));
  Q_EMIT heightChanged();
}

QPushButton* MessageView::thoughtButton() const { return thought_button_; }

void MessageView::setMarked(const QString& words) {
  if (user_) return words_->setMarked(words);
  thought_->setMarked(words);
  answer_->setMarked(words);
  // Words that were found are shown: a folded thought opens.
  const Message* message = model_.find(id_);
  if (!words.isEmpty() && !thought_open_ && parts_.hasThought() && message &&
      ThoughtSplitter::split(qs(message->text)).thought.contains(words, Qt::CaseInsensitive))
    foldThought(true);
}

void MessageView::refresh(int other_requests) {
  const Message* message = model_.find(id_);
  if (!message) return;
  const bool live = model_.live(id_) != nullptr;
  const auto siblings = model_.siblings(id_);
  const auto at = std::find(siblings.begin(), siblings.end(), id_) - siblings.begin();
  branch_->setText(QStringLiteral("%1/%2").arg(at + 1).arg(siblings.size()));
  previous_->setEnabled(at > 0);
  next_->setEnabled(at + 1 < static_cast<std::ptrdiff_t>(siblings.size()));
  const bool actions = !live && (!user_ || underMouse());
  for (QWidget* widget : std::initializer_list<QWidget*>{copy_, again_}) widget->setVisible(actions);
  for (QWidget* widget : std::initializer_list<QWidget*>{branch_, previous_, next_})
    widget->setVisible(siblings.size() > 1 && !live);
  if (user_) return;
  if (!live) {
    finishText();
    setAccessibleName(qs(message->engine) + QStringLiteral(": ") +
                      ThoughtSplitter::split(qs(message->text)).answer.left(1000));
  }
  thought_button_->setVisible(parts_.hasThought());
  thought_button_->setText(thoughtLine(*message, model_.live(id_)));
  name_->setText(qs(message->engine));
  stats_->setText(live ? liveStatistics(*model_.live(id_), other_requests) : statisticsLine(*message));
  const QString note = messageNote(*message, model_.live(id_));
  note_->setText(note);
  setTone(note_, message->state == MessageState::failed ? Tone::error : Tone::prefill);
  note_->setVisible(!note.isEmpty());
}

int MessageView::layoutFor(int width) { return user_ ? layoutUser(width) : layoutAnswer(width); }

int MessageView::layoutActions(int right, int y) {
  for (QWidget* widget : std::initializer_list<QWidget*>{next_, branch_, previous_, again_, copy_}) {
    if (widget->isHidden() && (widget == next_ || widget == branch_ || widget == previous_)) continue;
    const QSize size = widget->sizeHint();
    widget->setGeometry(right - size.width(), y + (24 - size.height()) / 2, size.width(), size.height());
    right -= size.width() + (widget == branch_ || widget == next_ ? 0 : 2);
  }
  return right;
}

int MessageView::layoutUser(int width) {
  const int most = std::max(160, width * 7 / 10);
  words_->heightFor(most - 2 * space::l - 4);
  const int text = std::min(most - 2 * space::l - 4, words_->idealWidth() + 2);
  const int height = words_->heightFor(text);
  const bool more = more_ && model_.find(id_) && static_cast<qsizetype>(model_.find(id_)->text.size()) > kShownWords;
  const int below = more ? 26 : 0;
  bubble_ = QRect(width - text - 2 * space::l - 4, 0, text + 2 * space::l + 4, height + 2 * space::m + below);
  words_->setGeometry(bubble_.x() + space::l + 2, space::m, text, height);
  if (more) {
    more_->setGeometry(bubble_.x() + space::m, space::m + height + 2, more_->sizeHint().width(), 24);
    more_->show();
  }
  layoutActions(width, bubble_.bottom() + 1);
  update();
  return bubble_.height() + 22;
}

int MessageView::layoutThought(int width, int y) {
  thought_rule_ = {};
  if (!parts_.hasThought()) return y;
  const QSize size = thought_button_->sizeHint();
  thought_button_->setGeometry(0, y, size.width(), size.height());
  thought_button_->show();
  y += size.height() + space::s;
  if (thought_open_) {
    const int top = y;
    y = thought_->layout(kThoughtIndent, y, width - kThoughtIndent);
    thought_rule_ = QRect(0, top, 3, y - top);
    y += space::m;
  }
  update();
  return y;
}

int MessageView::layoutAnswer(int width) {
  const int reading = std::min(width, kReadingWidth);
  name_->setGeometry(0, 0, reading, name_->sizeHint().height());
  int y = name_->sizeHint().height() + space::xs;
  y = layoutThought(reading, y);
  y = answer_->layout(0, y, reading);
  if (!note_->isHidden()) {
    y += space::xs;
    const int height = note_->heightForWidth(reading);
    note_->setGeometry(0, y, reading, height);
    y += height;
  }
  y += space::xs;
  // Statistics and actions share a line where both fit; else the actions go below.
  const bool wide = width - stats_->fontMetrics().horizontalAdvance(stats_->text()) > 190;
  const int stats_height = wide ? 24 : std::max(24, stats_->heightForWidth(reading));
  const int left = layoutActions(wide ? width : reading, y + (wide ? 0 : stats_height - 2));
  stats_->setGeometry(0, y, wide ? std::max(120, left - space::s) : reading, stats_height);
  return y + stats_height + (wide ? 0 : 22);
}

void MessageView::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  if (!user_) return painter.fillRect(thought_rule_, colors.line);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(colors.line);
  painter.setBrush(colors.dark ? colors.raised : colors.panel);
  painter.drawRoundedRect(QRectF(bubble_).adjusted(0.5, 0.5, -0.5, -0.5), radius::large, radius::large);
}

void MessageView::enterEvent(QEnterEvent* event) {
  if (user_) refresh(0);
  QWidget::enterEvent(event);
}

void MessageView::leaveEvent(QEvent* event) {
  if (user_) copy_->hide(), again_->hide();
  QWidget::leaveEvent(event);
}

}  // namespace flightdeck
