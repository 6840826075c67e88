#include "ui/markdown/text_block.h"

#include <QAbstractTextDocumentLayout>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QMenu>
#include <QPainter>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextLayout>
#include <cmath>

#include "ui/markdown/document_writer.h"
#include "ui/markdown/marks.h"
#include "ui/theme.h"

namespace flightdeck {
namespace {
constexpr int kQuoteIndent = 16;
}

TextBlock::TextBlock(BlockKind kind, QWidget* parent) : BlockView(parent), kind_(kind) {
  document_.setDocumentMargin(0);
  document_.setUndoRedoEnabled(false);
  document_.setDefaultFont(fontOf(FontKind::ui, type::reading));
  setMouseTracking(true);
  setCursor(Qt::IBeamCursor);
  setFocusPolicy(Qt::ClickFocus);
}

void TextBlock::setBlock(const Block& block, bool live) {
  const bool same = block.text == block_.text && block.kind == block_.kind && !plain_;
  live_ = live;
  if (!same) {
    block_ = block;
    fill();
  }
  update();
}

void TextBlock::setPlainText(const QString& text) {
  plain_ = true;
  block_.text = text;
  fill();
}

void TextBlock::fill() {
  written_in_ = &colorsOf(this);
  writeBlock(document_, block_, plain_, *written_in_);
  laid_out_width_ = -1;
}

int TextBlock::idealWidth() const { return static_cast<int>(std::ceil(document_.idealWidth())); }

int TextBlock::heightFor(int width) {
  if (kind_ == BlockKind::rule) return 1;
  if (width != laid_out_width_) {
    laid_out_width_ = width;
    document_.setTextWidth(width - (kind_ == BlockKind::quote ? kQuoteIndent : 0));
  }
  return static_cast<int>(std::ceil(document_.size().height()));
}

void TextBlock::resizeEvent(QResizeEvent*) { heightFor(width()); }

void TextBlock::setMarked(const QString& words) {
  if (words == marked_) return;
  marked_ = words;
  update();
}

QString TextBlock::selectedText() const {
  if (selection_start_ < 0 || selection_start_ == selection_end_) return {};
  QTextCursor cursor(const_cast<QTextDocument*>(&document_));
  cursor.setPosition(selection_start_);
  cursor.setPosition(selection_end_, QTextCursor::KeepAnchor);
  return cursor.selection().toPlainText();
}

void TextBlock::paintEvent(QPaintEvent* event) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  if (kind_ == BlockKind::rule) return painter.fillRect(rect(), colors.line);
  if (kind_ == BlockKind::quote) {
    painter.fillRect(QRect(0, 2, 3, height() - 4), colors.line);
    painter.translate(kQuoteIndent, 0);
  }
  QAbstractTextDocumentLayout::PaintContext context;
  context.palette = palette();
  context.palette.setColor(QPalette::Text, kind_ == BlockKind::quote || muted_ ? colors.muted : colors.text);
  context.clip = painter.worldTransform().inverted().mapRect(QRectF(event->rect()));
  for (const QTextCursor& cursor : placesOf(document_, marked_)) {
    QAbstractTextDocumentLayout::Selection selection;
    selection.cursor = cursor;
    selection.format.setBackground(colors.prefill);
    selection.format.setForeground(colors.background);
    context.selections.push_back(selection);
  }
  if (selection_start_ >= 0 && selection_start_ != selection_end_) {
    QAbstractTextDocumentLayout::Selection selection;
    selection.cursor = QTextCursor(&document_);
    selection.cursor.setPosition(selection_start_);
    selection.cursor.setPosition(selection_end_, QTextCursor::KeepAnchor);
    selection.format.setBackground(colors.accent);
    selection.format.setForeground(colors.on_accent);
    context.selections.push_back(selection);
  }
  document_.documentLayout()->draw(&painter, context);
  if (live_) paintCaret(painter);
}

void TextBlock::paintCaret(QPainter& painter) const {
  const QTextBlock last = document_.lastBlock();
  if (!last.layout() || last.layout()->lineCount() == 0) return;
  const QTextLine line = last.layout()->lineAt(last.layout()->lineCount() - 1);
  const QPointF origin = document_.documentLayout()->blockBoundingRect(last).topLeft();
  const double x = origin.x() + line.cursorToX(line.textStart() + line.textLength()) + 5;
  const double height = QFontMetricsF(document_.defaultFont()).ascent() + 2;
  painter.fillRect(QRectF(x, origin.y() + line.y() + line.ascent() - height + 3, 8, height), colorsOf(this).accent);
}

int TextBlock::positionAt(const QPoint& point) const {
  const int shift = kind_ == BlockKind::quote ? kQuoteIndent : 0;
  return document_.documentLayout()->hitTest(point - QPoint(shift, 0), Qt::FuzzyHit);
}

QString TextBlock::linkAt(const QPoint& point) const {
  const int shift = kind_ == BlockKind::quote ? kQuoteIndent : 0;
  return document_.documentLayout()->anchorAt(point - QPoint(shift, 0));
}

void TextBlock::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const int at = positionAt(event->position().toPoint());
  if (!(event->modifiers() & Qt::ShiftModifier) || selection_start_ < 0) selection_start_ = at;
  selection_end_ = at;
  update();
}

void TextBlock::mouseMoveEvent(QMouseEvent* event) {
  const QPoint point = event->position().toPoint();
  if (event->buttons() & Qt::LeftButton) {
    selection_end_ = positionAt(point);
    update();
  } else {
    setCursor(linkAt(point).isEmpty() ? Qt::IBeamCursor : Qt::PointingHandCursor);
  }
}

void TextBlock::mouseReleaseEvent(QMouseEvent* event) {
  const QString link = linkAt(event->position().toPoint());
  if (event->button() == Qt::LeftButton && selection_start_ == selection_end_ && !link.isEmpty())
    Q_EMIT linkClicked(link);
}

void TextBlock::mouseDoubleClickEvent(QMouseEvent* event) {
  QTextCursor cursor(&document_);
  cursor.setPosition(positionAt(event->position().toPoint()));
  cursor.select(QTextCursor::WordUnderCursor);
  selection_start_ = cursor.selectionStart();
  selection_end_ = cursor.selectionEnd();
  update();
}

void TextBlock::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy) && !selectedText().isEmpty()) {
    QApplication::clipboard()->setText(selectedText());
  } else if (event->matches(QKeySequence::SelectAll)) {
    selection_start_ = 0;
    selection_end_ = document_.characterCount() - 1;
    update();
  } else {
    event->ignore();
  }
}

void TextBlock::focusOutEvent(QFocusEvent* event) {
  if (event->reason() != Qt::PopupFocusReason && event->reason() != Qt::ActiveWindowFocusReason) {
    selection_start_ = selection_end_ = -1;
    update();
  }
}

void TextBlock::contextMenuEvent(QContextMenuEvent* event) {
  const QString selected = selectedText();
  if (selected.isEmpty()) return event->ignore();
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(tr("Copy"), this, [selected] { QApplication::clipboard()->setText(selected); });
  menu->popup(event->globalPos());
}

void TextBlock::changeEvent(QEvent* event) {
  const bool style = event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange;
  if (style && !block_.text.isEmpty() && written_in_ != &colorsOf(this)) fill();
  BlockView::changeEvent(event);
}

}  // namespace flightdeck
