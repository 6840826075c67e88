#include "ui/markdown/block_column.h"

#include <algorithm>

#include "ui/markdown/text_block.h"

namespace flightdeck {
namespace {
constexpr int kGap = 12;

void drop(std::vector<BlockView*>& views, size_t from) {
  for (size_t i = from; i < views.size(); ++i) views[i]->hide(), views[i]->deleteLater();
  if (from < views.size()) views.resize(from);
}
}  // namespace

BlockColumn::BlockColumn(QWidget* parent, bool muted) : QObject(parent), parent_(parent), muted_(muted) {}

void BlockColumn::append(const QString& text, bool live) {
  live_ = live;
  splitter_.append(text);
  if (!live) splitter_.finish();
  sync();
}

void BlockColumn::finish() {
  live_ = false;
  splitter_.finish();
  sync();
}

void BlockColumn::setShown(bool shown) {
  shown_ = shown;
  for (BlockView* view : views_) view->setVisible(shown);
  sync();
}

BlockView* BlockColumn::makeBlock(BlockKind kind) {
  BlockView* view = BlockView::make(kind, parent_);
  if (auto* words = qobject_cast<TextBlock*>(view)) {
    words->setMuted(muted_);
    connect(words, &TextBlock::linkClicked, this, &BlockColumn::linkClicked);
  }
  view->setMarked(marked_);
  view->show();
  return view;
}

void BlockColumn::sync() {
  if (!shown_) return;
  const std::vector<Block>& all = splitter_.blocks();
  final_ = std::min({final_, all.size(), views_.size()});
  for (size_t i = final_; i < all.size(); ++i) {
    if (i < views_.size() && views_[i]->kind() != all[i].kind) drop(views_, i);
    if (i == views_.size()) views_.push_back(makeBlock(all[i].kind));
    views_[i]->setBlock(all[i], live_ && i + 1 == all.size());
  }
  drop(views_, all.size());
  // The last two may still change: the partial line is taken back when the next text comes.
  final_ = !live_ ? all.size() : all.size() > 2 ? all.size() - 2 : 0;
}

void BlockColumn::setMarked(const QString& words) {
  marked_ = words;
  for (BlockView* view : views_) view->setMarked(words);
}

int BlockColumn::layout(int left, int top, int width) {
  for (size_t i = 0; i < views_.size(); ++i) {
    const bool continued = splitter_.blocks()[i].continued;
    if (i > 0) top += continued ? 0 : views_[i]->kind() == BlockKind::heading ? kGap + 6 : kGap;
    const int height = views_[i]->heightFor(width);
    views_[i]->setGeometry(left, top, width, height);
    top += height;
  }
  return top;
}

}  // namespace flightdeck
