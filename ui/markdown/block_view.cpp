#include "ui/markdown/block_view.h"

#include "ui/markdown/code_block.h"
#include "ui/markdown/text_block.h"

namespace flightdeck {

BlockView* BlockView::make(BlockKind kind, QWidget* parent) {
  if (kind == BlockKind::code) return new CodeBlock(parent);
  return new TextBlock(kind, parent);
}

}  // namespace flightdeck
