// The messages of one conversation, top to bottom. Only messages near the view have widgets; others are a height.
// Follows the end while the reader is at the end, and otherwise holds the reader's place. GUI thread only.
#pragma once

#include <QAbstractScrollArea>
#include <QPointer>
#include <vector>

#include "ui/chat/chat_model.h"

class QPushButton;

namespace flightdeck {

class MessageView;

class TranscriptView : public QAbstractScrollArea {
  Q_OBJECT
 public:
  explicit TranscriptView(QWidget* parent = nullptr);
  void setModel(ChatModel* model);
  /// Requests of others in the batch, for the running answers' statistics.
  void setOtherRequests(int count) { other_requests_ = count; }
  int liveWidgets() const;
  bool following() const { return follow_; }
  void scrollToEnd();
  /// Puts this message at the top of the view.
  void showMessage(MessageId id);
  void setMarked(const QString& words);

 Q_SIGNALS:
  void copyRequested(qint64 id);
  void regenerateRequested(qint64 id);
  void editRequested(qint64 id);
  void branchRequested(qint64 id);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void scrollContentsBy(int dx, int dy) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Item {
    MessageId id = 0;
    int height = -1;  // -1: not measured at this width
    MessageView* view = nullptr;
    int guess = 90;  // until it is measured
  };
  void rebuild();
  void onText(qint64 id, const QString& text);
  void onChanged(qint64 id);
  void relayout();
  int measure(Item& item);
  int heightOf(const Item& item) const;
  Item* find(MessageId id);
  void makeView(Item& item);
  void dropView(Item& item);
  void place(const std::vector<int>& tops, int value);
  QRect columnRect() const;
  void askLink(const QString& url);

  QPointer<ChatModel> model_;
  std::vector<Item> items_;
  std::vector<int> tops_;
  QPushButton* to_end_;
  int width_ = 0;
  bool follow_ = true, placing_ = false;
  size_t anchor_ = 0;      // first message in view …
  int anchor_offset_ = 0;  // … and how far it is scrolled
  int other_requests_ = 0;
  QString marked_;
};

}  // namespace flightdeck
