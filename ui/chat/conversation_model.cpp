#include "ui/chat/conversation_model.h"

#include <QDateTime>
#include <algorithm>

#include "ui/format.h"

namespace flightdeck {
namespace {

QString headingOf(const Conversation& conversation) {
  if (conversation.pinned) return ConversationModel::tr("Pinned");
  const qint64 days = QDateTime::fromMSecsSinceEpoch(conversation.updated_ms).date().daysTo(QDate::currentDate());
  if (days <= 0) return ConversationModel::tr("Today");
  if (days == 1) return ConversationModel::tr("Yesterday");
  if (days <= 7) return ConversationModel::tr("Last 7 days");
  return ConversationModel::tr("Earlier");
}

}  // namespace

void ConversationModel::refresh(const std::optional<std::vector<ConversationId>>& found) {
  beginResetModel();
  rows_.clear();
  QString heading;
  for (const Conversation& conversation : controller_.conversations()) {
    if (found && std::find(found->begin(), found->end(), conversation.id) == found->end()) continue;
    if (const QString next = headingOf(conversation); next != heading) {
      heading = next;
      rows_.push_back({heading, {}});
    }
    rows_.push_back({{}, conversation});
  }
  endResetModel();
}

void ConversationModel::activity() {
  if (!rows_.empty()) Q_EMIT dataChanged(index(0), index(rowCount() - 1), {DetailRole, GeneratingRole});
}

QModelIndex ConversationModel::indexOf(ConversationId id) const {
  for (size_t i = 0; i < rows_.size(); ++i)
    if (rows_[i].heading.isEmpty() && rows_[i].conversation.id == id) return index(static_cast<int>(i));
  return {};
}

int ConversationModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

QString ConversationModel::detail(const Conversation& conversation) const {
  if (controller_.generating(conversation.id)) {
    const double rate = controller_.tokensPerSecond(conversation.id);
    return rate > 0 ? tr("generating · %1 tok/s").arg(formatRate(rate)) : tr("generating");
  }
  const QString count = conversation.messages == 1 ? tr("1 message") : tr("%1 messages").arg(conversation.messages);
  return QStringLiteral("%1 · %2").arg(formatWhen(conversation.updated_ms), count);
}

QVariant ConversationModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= rowCount()) return {};
  const Row& row = rows_[static_cast<size_t>(index.row())];
  const bool heading = !row.heading.isEmpty();
  switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
      return heading ? row.heading : qs(row.conversation.title);
    case Qt::AccessibleTextRole:
      return heading ? row.heading : QStringLiteral("%1, %2").arg(qs(row.conversation.title), detail(row.conversation));
    case IdRole:
      return QVariant::fromValue<qint64>(row.conversation.id);
    case HeadingRole:
      return heading;
    case DetailRole:
      return heading ? QString() : detail(row.conversation);
    case GeneratingRole:
      return !heading && controller_.generating(row.conversation.id);
    case PinnedRole:
      return row.conversation.pinned;
    default:
      return {};
  }
}

Qt::ItemFlags ConversationModel::flags(const QModelIndex& index) const {
  if (!index.isValid() || data(index, HeadingRole).toBool()) return Qt::NoItemFlags;
  return Qt::ItemIsSelectable | Qt::ItemIsEnabled;
}

}  // namespace flightdeck
