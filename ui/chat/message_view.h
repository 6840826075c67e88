// One message on the page: the user's words in a bubble at the right, the model's as blocks at reading width,
// statistics and actions below. It reads from the model and changes nothing. GUI thread only.
#pragma once

#include <QWidget>
#include <vector>

#include "ui/chat/chat_model.h"
#include "ui/markdown/splitter.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class BlockView;
class TextBlock;

class MessageView : public QWidget {
  Q_OBJECT
 public:
  MessageView(const ChatModel& model, MessageId id, QWidget* parent);

  MessageId id() const { return id_; }
  /// Appends new text of a running answer; only the last block is laid out again.
  void appendText(const QString& text);
  /// Statistics, state, branch buttons.
  void refresh(int other_requests);
  /// Places everything for this width and returns the height.
  /// Marks these words in the text; empty: none.
  void setMarked(const QString& words);
  int layoutFor(int width);

 Q_SIGNALS:
  void copyRequested(qint64 id);
  void regenerateRequested(qint64 id);
  void editRequested(qint64 id);
  void branchRequested(qint64 id);
  void linkClicked(const QString& url);
  void heightChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void showText(const QString& text);
  void syncBlocks();
  void makeActions();
  int layoutUser(int width);
  int layoutAnswer(int width);
  int layoutActions(int right, int y);

  const ChatModel& model_;
  MessageId id_;
  bool user_;
  QRect bubble_;
  MarkdownSplitter splitter_;
  std::vector<BlockView*> blocks_;
  size_t final_blocks_ = 0;  // blocks that will not change any more
  QString marked_;
  TextBlock* words_ = nullptr;
  QLabel *name_ = nullptr, *stats_ = nullptr, *note_ = nullptr, *branch_ = nullptr;
  QPushButton *more_ = nullptr, *copy_ = nullptr, *again_ = nullptr, *previous_ = nullptr, *next_ = nullptr;
};

}  // namespace flightdeck
