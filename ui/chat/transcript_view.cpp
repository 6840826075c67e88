#include "ui/chat/transcript_view.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QKeyEvent>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollBar>
#include <QUrl>
#include <algorithm>

#include "ui/chat/message_view.h"
#include "ui/markdown/inline_spans.h"
#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {
constexpr int kColumn = 960;
constexpr int kTop = 28, kGap = 16, kBottom = 20;

int guessHeight(const ChatModel& model, MessageId id) {
  const Message* message = model.find(id);
  return 90 + (message ? static_cast<int>(std::min<size_t>(message->text.size(), 400000) / 80) * 23 : 0);
}
}  // namespace

TranscriptView::TranscriptView(QWidget* parent) : QAbstractScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  verticalScrollBar()->setSingleStep(28);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Conversation"));
  to_end_ = makeIconButton(QStringLiteral("down"), tr("Jump to the latest"), "");
  to_end_->setParent(this);
  to_end_->hide();
  connect(to_end_, &QPushButton::clicked, this, &TranscriptView::scrollToEnd);
}

void TranscriptView::setModel(ChatModel* model) {
  if (model == model_) return;
  if (model_) model_->disconnect(this);
  model_ = model;
  for (Item& item : items_) dropView(item);
  items_.clear();
  follow_ = true;
  if (model) {
    connect(model, &ChatModel::pathChanged, this, &TranscriptView::rebuild);
    connect(model, &ChatModel::textAppended, this, &TranscriptView::onText);
    connect(model, &ChatModel::messageChanged, this, &TranscriptView::onChanged);
    connect(model, &ChatModel::liveChanged, this, &TranscriptView::onChanged);
  }
  rebuild();
}

void TranscriptView::rebuild() {
  std::vector<Item> items;
  const std::vector<MessageId> path = model_ ? model_->path() : std::vector<MessageId>();
  items.reserve(path.size());
  size_t same = 0;  // the common beginning keeps its widgets and heights
  while (same < path.size() && same < items_.size() && items_[same].id == path[same]) ++same;
  for (size_t i = 0; i < path.size(); ++i) {
    if (i < same)
      items.push_back(items_[i]);
    else
      items.push_back({path[i], -1, nullptr, guessHeight(*model_, path[i])});
  }
  for (size_t i = same; i < items_.size(); ++i) dropView(items_[i]);
  if (same < path.size() && same > 0 && path.size() > items_.size()) follow_ = true;  // something new was sent
  items_ = std::move(items);
  for (Item& item : items_)
    if (item.view) item.view->refresh(other_requests_);
  relayout();
}

TranscriptView::Item* TranscriptView::find(MessageId id) {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item)
    if (item->id == id) return &*item;
  return nullptr;
}

void TranscriptView::onText(qint64 id, const QString& text) {
  Item* item = find(id);
  if (!item) return;
  item->height = -1;
  if (item->view) item->view->appendText(text);
}

void TranscriptView::onChanged(qint64 id) {
  Item* item = find(id);
  if (!item) return;
  item->height = -1;
  if (item->view) item->view->refresh(other_requests_);
  relayout();
}

QRect TranscriptView::columnRect() const {
  const int room = viewport()->width();
  const int margin = room < 700 ? space::l : space::xxl + space::l;
  const int width = std::max(200, std::min(kColumn, room - 2 * margin));
  return QRect((room - width) / 2, 0, width, viewport()->height());
}

int TranscriptView::heightOf(const Item& item) const { return item.height >= 0 ? item.height : item.guess; }

void TranscriptView::makeView(Item& item) {
  auto* view = new MessageView(*model_, item.id, viewport());
  item.view = view;
  connect(view, &MessageView::copyRequested, this, &TranscriptView::copyRequested);
  connect(view, &MessageView::regenerateRequested, this, &TranscriptView::regenerateRequested);
  connect(view, &MessageView::editRequested, this, &TranscriptView::editRequested);
  connect(view, &MessageView::branchRequested, this, &TranscriptView::branchRequested);
  connect(view, &MessageView::linkClicked, this, &TranscriptView::askLink);
  connect(view, &MessageView::heightChanged, this, [this, id = item.id] { onChanged(id); });
  view->setMarked(marked_);
  view->refresh(other_requests_);
  view->show();
}

void TranscriptView::dropView(Item& item) {
  if (!item.view) return;
  item.view->hide();
  item.view->deleteLater();
  item.view = nullptr;
}

int TranscriptView::measure(Item& item) {
  if (item.view && item.height >= 0) return item.height;
  if (!item.view) makeView(item);
  item.height = item.view->layoutFor(columnRect().width());
  return item.height;
}

void TranscriptView::relayout() {
  if (placing_) return;
  placing_ = true;
  if (columnRect().width() != width_) {
    width_ = columnRect().width();
    for (Item& item : items_) item.height = -1;
  }
  const int view = viewport()->height();
  if (follow_) {
    int filled = 0;
    for (auto item = items_.rbegin(); item != items_.rend() && filled < view + 200; ++item)
      filled += measure(*item) + kGap;
  } else {
    int filled = -anchor_offset_;
    for (size_t i = anchor_; i < items_.size() && filled < view + 200; ++i) filled += measure(items_[i]) + kGap;
  }
  tops_.resize(items_.size());
  int y = kTop;
  for (size_t i = 0; i < items_.size(); ++i) {
    tops_[i] = y;
    y += heightOf(items_[i]) + kGap;
  }
  const int total = y + kBottom;
  const int last = std::max(0, total - view);
  int value = last;
  if (!follow_ && anchor_ < items_.size()) value = std::min(last, tops_[anchor_] + anchor_offset_);
  verticalScrollBar()->setRange(0, last);
  verticalScrollBar()->setPageStep(view);
  verticalScrollBar()->setValue(value);
  place(tops_, verticalScrollBar()->value());
  placing_ = false;
}

void TranscriptView::place(const std::vector<int>& tops, int value) {
  const QRect column = columnRect();
  const int view = viewport()->height();
  for (size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    const int y = tops[i] - value;
    const bool near = y < view + 100 && y + heightOf(item) > -100;
    if (near) measure(item);
    if (!item.view) continue;
    if (!near && (y > 3 * view || y + heightOf(item) < -2 * view)) {
      dropView(item);
      continue;
    }
    item.view->setGeometry(column.x(), y, column.width(), item.height);
  }
  to_end_->setVisible(!follow_);
  to_end_->setGeometry((width() - 34) / 2, height() - 44, 34, 34);
}

void TranscriptView::scrollContentsBy(int, int) {
  if (placing_) return;
  const int value = verticalScrollBar()->value();
  follow_ = value >= verticalScrollBar()->maximum() - 4;
  const auto at = std::upper_bound(tops_.begin(), tops_.end(), value);
  anchor_ = at == tops_.begin() ? 0 : static_cast<size_t>(at - tops_.begin() - 1);
  anchor_offset_ = anchor_ < tops_.size() ? value - tops_[anchor_] : 0;
  relayout();
}

void TranscriptView::scrollToEnd() {
  follow_ = true;
  relayout();
}

void TranscriptView::showMessage(MessageId id) {
  for (size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].id != id) continue;
    follow_ = false;
    anchor_ = i;
    anchor_offset_ = -kGap;
    relayout();
    return;
  }
}

void TranscriptView::setMarked(const QString& words) {
  marked_ = words;
  for (Item& item : items_)
    if (item.view) item.view->setMarked(words);
}

void TranscriptView::resizeEvent(QResizeEvent*) { relayout(); }

void TranscriptView::keyPressEvent(QKeyEvent* event) {
  QScrollBar* bar = verticalScrollBar();
  switch (event->key()) {
    case Qt::Key_Home:
      bar->setValue(0);
      return;
    case Qt::Key_End:
      scrollToEnd();
      return;
    case Qt::Key_PageUp:
      bar->triggerAction(QScrollBar::SliderPageStepSub);
      return;
    case Qt::Key_PageDown:
      bar->triggerAction(QScrollBar::SliderPageStepAdd);
      return;
    default:
      QAbstractScrollArea::keyPressEvent(event);
  }
}

int TranscriptView::liveWidgets() const {
  return static_cast<int>(std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.view; }));
}

void TranscriptView::askLink(const QString& url) {
  if (!isSafeLink(url)) return;
  auto* box = new QMessageBox(QMessageBox::Question, tr("Open this address?"), QUrl(url).toString(QUrl::FullyEncoded),
                              QMessageBox::Open | QMessageBox::Cancel, window());
  box->setTextFormat(Qt::PlainText);
  box->setAttribute(Qt::WA_DeleteOnClose);
  connect(box, &QMessageBox::buttonClicked, box, [box, url](QAbstractButton* button) {
    if (box->buttonRole(button) == QMessageBox::AcceptRole) QDesktopServices::openUrl(QUrl(url));
  });
  box->open();
}

}  // namespace flightdeck
