#include "ui/markdown/code_block.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QTextBlock>
#include <QTimer>
#include <QWheelEvent>

#include "ui/markdown/code_highlighter.h"
#include "ui/markdown/marks.h"
#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {
constexpr int kHeader = 34;
constexpr int kPadding = 10;
constexpr qsizetype kMaxHighlighted = 200000;
}  // namespace

CodeBlock::CodeBlock(QWidget* parent) : BlockView(parent) {
  language_ = makeLabel({}, type::tiny, Tone::muted);
  language_->setParent(this);
  copy_ = makeButton(tr("Copy"), "quiet");
  copy_->setParent(this);
  copy_->setFont(fontOf(FontKind::ui, type::tiny));
  copy_->setAccessibleName(tr("Copy this code"));
  view_ = new QPlainTextEdit(this);
  view_->setReadOnly(true);
  view_->setFont(fontOf(FontKind::mono, type::body));
  view_->setLineWrapMode(QPlainTextEdit::NoWrap);
  view_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  view_->setUndoRedoEnabled(false);
  view_->document()->setDocumentMargin(0);
  view_->setTabStopDistance(4 * QFontMetricsF(view_->font()).horizontalAdvance(QLatin1Char(' ')));
  view_->setAccessibleName(tr("Code"));
  view_->setFocusPolicy(Qt::ClickFocus);
  view_->installEventFilter(this);
  view_->viewport()->installEventFilter(this);
  connect(copy_, &QPushButton::clicked, this, [this] {
    QApplication::clipboard()->setText(text_);
    copy_->setText(tr("Copied"));
    QTimer::singleShot(1500, copy_, [button = copy_] { button->setText(tr("Copy")); });
  });
}

void CodeBlock::setMarked(const QString& words) {
  const Colors& colors = colorsOf(this);
  QList<QTextEdit::ExtraSelection> marks;
  for (const QTextCursor& cursor : placesOf(*view_->document(), words)) {
    QTextEdit::ExtraSelection mark;
    mark.cursor = cursor;
    mark.format.setBackground(colors.prefill);
    mark.format.setForeground(colors.background);
    marks.push_back(mark);
  }
  view_->setExtraSelections(marks);
}

void CodeBlock::setBlock(const Block& block, bool) {
  language_->setText(block.language.isEmpty() ? tr("code") : block.language);
  const bool grows = block.text.startsWith(text_) && !text_.isEmpty();
  const QString added = grows ? block.text.mid(text_.size()) : block.text;
  if (!grows && text_ != block.text) {
    view_->clear();
    columns_ = open_column_ = 0;
  }
  if (!(added.isEmpty() && grows) && text_ != block.text) {
    QTextCursor end(view_->document());
    end.movePosition(QTextCursor::End);
    end.insertText(breakLongRuns(added));
    for (QChar c : added) {
      open_column_ = c == QLatin1Char('\n') ? 0
                                            : open_column_ + (c == QLatin1Char('\t') ? 4
                                                              : c.unicode() > 0x2e80 ? 2
                                                                                     : 1);
      columns_ = std::max(columns_, std::min(open_column_, 4000));
    }
  }
  text_ = block.text;
  if (block.closed && !highlighter_ && text_.size() < kMaxHighlighted)
    highlighter_ = new CodeHighlighter(view_->document(), block.language, colorsOf(this));
}

int CodeBlock::heightFor(int width) {
  int lines = view_->document()->blockCount();
  if (lines > 1 && text_.endsWith(QLatin1Char('\n'))) --lines;  // the empty line after an open block's last newline
  const QFontMetricsF metrics(view_->font());
  const bool wide = columns_ * metrics.horizontalAdvance(QLatin1Char('m')) > width - 2 * kPadding - 8;
  QFont bold = view_->font();  // of keywords; a line is as high as the highest font in it
  bold.setBold(true);
  const int line = std::max(QFontMetrics(view_->font()).lineSpacing(), QFontMetrics(bold).lineSpacing());
  return kHeader + 2 * kPadding + lines * line + (wide ? 12 : 0);
}

void CodeBlock::resizeEvent(QResizeEvent*) {
  language_->setGeometry(space::l, 0, width() / 2, kHeader);
  const QSize size = copy_->sizeHint();
  copy_->setGeometry(width() - size.width() - space::s, (kHeader - size.height()) / 2, size.width(), size.height());
  view_->setGeometry(space::m, kHeader + kPadding, width() - 2 * space::m, height() - kHeader - 2 * kPadding + 4);
}

void CodeBlock::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(colors.line);
  painter.setBrush(colors.panel);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::medium, radius::medium);
  painter.drawLine(QPointF(1, kHeader + 0.5), QPointF(width() - 1, kHeader + 0.5));
}

bool CodeBlock::eventFilter(QObject* object, QEvent* event) {
  // Vertical wheels belong to the conversation, horizontal ones to the code.
  if (event->type() == QEvent::Wheel && object == view_->viewport()) {
    auto* wheel = static_cast<QWheelEvent*>(event);
    if (std::abs(wheel->angleDelta().x()) <= std::abs(wheel->angleDelta().y())) {
      event->ignore();
      QApplication::sendEvent(parentWidget(), event);
      return true;
    }
  }
  return BlockView::eventFilter(object, event);
}

void CodeBlock::changeEvent(QEvent* event) {
  const bool style = event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange;
  if (style && highlighter_) highlighter_->setColors(colorsOf(this));
  BlockView::changeEvent(event);
}

}  // namespace flightdeck
