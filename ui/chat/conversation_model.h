// Rows of the conversation list: day headings and conversations. GUI thread only.
#pragma once

#include <QAbstractListModel>
#include <optional>
#include <vector>

#include "ui/chat/chat_controller.h"

namespace flightdeck {

class ConversationModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { IdRole = Qt::UserRole, HeadingRole, DetailRole, GeneratingRole, PinnedRole };
  ConversationModel(const ChatController& controller, QObject* parent)
      : QAbstractListModel(parent), controller_(controller) {}

  /// With `found`, only those conversations.
  void refresh(const std::optional<std::vector<ConversationId>>& found);
  void activity();  // tok/s and dots changed
  QModelIndex indexOf(ConversationId id) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 private:
  struct Row {
    QString heading;  // not empty: a heading
    Conversation conversation;
  };
  QString detail(const Conversation& conversation) const;
  const ChatController& controller_;
  std::vector<Row> rows_;
};

}  // namespace flightdeck
