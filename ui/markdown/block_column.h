// Markdown text as a column of block widgets inside `parent`, growing with the text. GUI thread only.
#pragma once

#include <QObject>
#include <vector>

#include "ui/markdown/splitter.h"

class QWidget;

namespace flightdeck {

class BlockView;

class BlockColumn : public QObject {
  Q_OBJECT
 public:
  /// `muted`: text in the second colour.
  explicit BlockColumn(QWidget* parent, bool muted = false);
  /// Takes new text; only the last blocks are written again.
  void append(const QString& text, bool live);
  /// No more text comes.
  void finish();
  /// A hidden column takes text at the cost of the splitter alone.
  void setShown(bool shown);
  void setMarked(const QString& words);
  /// Places the blocks from (left, top) at this width; returns the y below them.
  int layout(int left, int top, int width);
  bool empty() const { return splitter_.blocks().empty(); }

 Q_SIGNALS:
  void linkClicked(const QString& url);

 private:
  void sync();
  BlockView* makeBlock(BlockKind kind);
  QWidget* parent_;
  bool muted_, shown_ = true, live_ = false;
  MarkdownSplitter splitter_;
  std::vector<BlockView*> views_;
  size_t final_ = 0;  // blocks that will not change any more
  QString marked_;
};

}  // namespace flightdeck
