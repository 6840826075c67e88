// One message on the page: the user's words in a bubble at the right, the model's as blocks at reading width,
// statistics and actions below. It reads from the model and changes nothing. GUI thread only.
#pragma once

#include <QWidget>

#include "ui/chat/chat_model.h"
#include "ui/chat/thought.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class BlockColumn;
class IconButton;
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
  /// The button that folds and unfolds what a reasoning model thought; null in the user's messages.
  QPushButton* thoughtButton() const;

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
  void addParts(const ThoughtSplitter::Parts& parts);
  void finishText();
  void foldThought(bool open);
  void makeActions();
  int layoutUser(int width);
  int layoutAnswer(int width);
  int layoutThought(int width, int y);
  int layoutActions(int right, int y);

  const ChatModel& model_;
  MessageId id_;
  bool user_;
  QRect bubble_;
  ThoughtSplitter parts_;
  BlockColumn *thought_ = nullptr, *answer_ = nullptr;
  IconButton* thought_button_ = nullptr;
  QRect thought_rule_;  // the line left of an open thought
  bool finished_ = false, thought_open_ = false;
  TextBlock* words_ = nullptr;
  QLabel *name_ = nullptr, *stats_ = nullptr, *note_ = nullptr, *branch_ = nullptr;
  QPushButton *more_ = nullptr, *copy_ = nullptr, *again_ = nullptr, *previous_ = nullptr, *next_ = nullptr;
};

}  // namespace flightdeck
