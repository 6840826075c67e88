// A block of running text: painted from a text document of its own, selectable, links asked before they open.
// Loads nothing: the document has no resources. GUI thread only.
#pragma once

#include <QTextDocument>

#include "ui/markdown/block_view.h"

class QTextCursor;

namespace flightdeck {

class TextBlock : public BlockView {
  Q_OBJECT
 public:
  explicit TextBlock(BlockKind kind, QWidget* parent = nullptr);
  void setBlock(const Block& block, bool live) override;
  int heightFor(int width) override;
  BlockKind kind() const override { return kind_; }
  void setMarked(const QString& words) override;

  /// Text as it is, without Markdown: the user's words.
  void setPlainText(const QString& text);
  /// Text in the second colour.
  void setMuted(bool muted) { muted_ = muted; }
  /// Width of the text when nothing wraps.
  int idealWidth() const;
  QString selectedText() const;
  QString plainText() const { return document_.toPlainText(); }

 Q_SIGNALS:
  void linkClicked(const QString& url);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fill();
  int positionAt(const QPoint& point) const;
  QString linkAt(const QPoint& point) const;
  void paintCaret(QPainter& painter) const;
  BlockKind kind_;
  Block block_;
  bool live_ = false, plain_ = false, muted_ = false;
  QTextDocument document_;
  QString marked_;
  int selection_start_ = -1, selection_end_ = -1;
  int laid_out_width_ = -1;
  const struct Colors* written_in_ = nullptr;
};

}  // namespace flightdeck
