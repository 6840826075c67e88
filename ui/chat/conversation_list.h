// The conversations at the left: grouped by day, searched, renamed, pinned, deleted. GUI thread only.
#pragma once

#include <QFrame>
#include <QTimer>
#include <optional>
#include <vector>

#include "ui/chat/chat_controller.h"

class QLabel;
class QLineEdit;
class QListView;

namespace flightdeck {

class ConversationModel;

class ConversationList : public QFrame {
  Q_OBJECT
 public:
  explicit ConversationList(ChatController& controller, QWidget* parent = nullptr);
  void focusSearch();
  QListView* view() const { return view_; }

 Q_SIGNALS:
  void chosen(qint64 id);
  void newRequested();
  void deleteRequested(qint64 id);

 private:
  void refresh();
  void search();
  void showMenu(const QPoint& point);
  void rename(qint64 id);
  qint64 currentId() const;
  ChatController& controller_;
  ConversationModel* model_;
  QLineEdit* search_;
  QListView* view_;
  QLabel* nothing_;
  QTimer search_timer_, activity_timer_;
  std::optional<std::vector<ConversationId>> found_;  // while searching
};

}  // namespace flightdeck
