// A code block: language, Copy, and the code with its own horizontal scrolling. New text is appended, not set again;
// colours come when the fence closes. GUI thread only.
#pragma once

#include "ui/markdown/block_view.h"

class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace flightdeck {

class CodeHighlighter;

class CodeBlock : public BlockView {
  Q_OBJECT
 public:
  explicit CodeBlock(QWidget* parent = nullptr);
  void setBlock(const Block& block, bool live) override;
  int heightFor(int width) override;
  BlockKind kind() const override { return BlockKind::code; }
  void setMarked(const QString& words) override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* object, QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QLabel* language_;
  QPushButton* copy_;
  QPlainTextEdit* view_;
  CodeHighlighter* highlighter_ = nullptr;
  QString text_;         // as it came, for Copy
  int columns_ = 0;      // of the longest line shown
  int open_column_ = 0;  // length of the last line shown
};

}  // namespace flightdeck
