// Find in this chat: words, how many messages have them, and steps from one to the next. It searches the messages, not
// the widgets: most of a long chat has none. GUI thread only.
#pragma once

#include <QFrame>
#include <QPointer>
#include <vector>

#include "ui/chat/chat_model.h"

class QLabel;
class QLineEdit;
class QPushButton;

namespace flightdeck {

class FindBar : public QFrame {
  Q_OBJECT
 public:
  explicit FindBar(QWidget* parent = nullptr);
  void setModel(ChatModel* model);
  /// Shows the bar and selects its words.
  void open();
  void close();
  const std::vector<MessageId>& found() const { return found_; }
  QLineEdit* field() const { return field_; }

 Q_SIGNALS:
  /// The words to mark, empty when there are none (any more).
  void wordsChanged(const QString& words);
  void chosen(qint64 message);
  void closed();

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  void search();
  void step(int by);
  void showCount();
  QPointer<ChatModel> model_;
  QLineEdit* field_;
  QLabel* count_;
  QPushButton *previous_, *next_;
  std::vector<MessageId> found_;
  size_t at_ = 0;
};

}  // namespace flightdeck
