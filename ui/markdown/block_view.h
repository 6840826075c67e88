// One block of a message on the screen. GUI thread only.
#pragma once

#include <QWidget>

#include "ui/markdown/splitter.h"

namespace flightdeck {

class BlockView : public QWidget {
 public:
  using QWidget::QWidget;
  /// Shows the block; `live`: text is still coming, a caret stands at its end.
  virtual void setBlock(const Block& block, bool live) = 0;
  /// The height at this width; cached.
  virtual int heightFor(int width) = 0;
  virtual BlockKind kind() const = 0;
  /// Marks every place of these words; empty: none.
  virtual void setMarked(const QString& words) = 0;

  static BlockView* make(BlockKind kind, QWidget* parent);
};

}  // namespace flightdeck
