// Paints a row of the conversation list: title, one line of detail, a dot while it generates.
#pragma once

#include <QStyledItemDelegate>

namespace flightdeck {

class ConversationDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace flightdeck
