#include "ui/chat/conversation_delegate.h"

#include <QPainter>

#include "ui/chat/conversation_model.h"
#include "ui/icons.h"
#include "ui/theme.h"

namespace flightdeck {

QSize ConversationDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
  return QSize(100, index.data(ConversationModel::HeadingRole).toBool() ? 30 : 52);
}

void ConversationDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                                 const QModelIndex& index) const {
  const Colors& colors = colorsOf(option.widget);
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  const QRect row = option.rect;
  if (index.data(ConversationModel::HeadingRole).toBool()) {
    painter->setFont(fontOf(FontKind::semibold, type::tiny));
    painter->setPen(colors.faint);
    painter->drawText(row.adjusted(22, 6, -8, 0), Qt::AlignLeft | Qt::AlignVCenter, index.data().toString());
    painter->restore();
    return;
  }
  const QRectF box = QRectF(row).adjusted(10, 2, -10, -2);
  const bool selected = option.state & QStyle::State_Selected;
  if (selected || option.state & QStyle::State_MouseOver) {
    painter->setPen(selected && option.state & QStyle::State_HasFocus ? QPen(colors.accent) : QPen(Qt::NoPen));
    painter->setBrush(selected ? colors.selection : colors.raised);
    painter->drawRoundedRect(box, radius::medium, radius::medium);
  }
  const bool generating = index.data(ConversationModel::GeneratingRole).toBool();
  const bool pinned = index.data(ConversationModel::PinnedRole).toBool();
  const QRect text = box.toRect().adjusted(12, 0, generating || pinned ? -26 : -10, 0);
  const QFont title = fontOf(FontKind::ui, type::body), detail = fontOf(FontKind::ui, type::tiny);
  painter->setFont(title);
  painter->setPen(colors.text);
  painter->drawText(QRect(text.left(), text.top() + 4, text.width(), 22), Qt::AlignLeft | Qt::AlignVCenter,
                    QFontMetrics(title).elidedText(index.data().toString(), Qt::ElideRight, text.width()));
  painter->setFont(detail);
  painter->setPen(generating ? colors.accent : colors.muted);
  painter->drawText(QRect(text.left(), text.top() + 25, text.width(), 18), Qt::AlignLeft | Qt::AlignVCenter,
                    QFontMetrics(detail).elidedText(index.data(ConversationModel::DetailRole).toString(),
                                                    Qt::ElideRight, text.width()));
  if (generating) {
    painter->setPen(Qt::NoPen);
    painter->setBrush(colors.accent);
    painter->drawEllipse(QPointF(box.right() - 13, box.top() + 15), 3.5, 3.5);
  } else if (pinned) {
    painter->drawPixmap(QPointF(box.right() - 22, box.top() + 7),
                        iconPixmap(QStringLiteral("pin"), colors.faint, 14, option.widget->devicePixelRatioF()));
  }
  painter->restore();
}

}  // namespace flightdeck
