#include "ui/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>
#include <cmath>

namespace flightdeck {
namespace {
class Words {
  Q_DECLARE_TR_FUNCTIONS(format)
};
}  // namespace

QString formatBytes(uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (value >= 1e12) return Words::tr("%1 TB").arg(value / 1e12, 0, 'f', 1);
  if (value >= 1e9) return Words::tr("%1 GB").arg(value / 1e9, 0, 'f', value >= 1e11 ? 0 : 1);
  if (value >= 1e6) return Words::tr("%1 MB").arg(value / 1e6, 0, 'f', value >= 1e7 ? 0 : 1);
  if (value >= 1e3) return Words::tr("%1 KB").arg(value / 1e3, 0, 'f', 0);
  return Words::tr("%1 B").arg(bytes);
}

QString formatCount(int64_t count) {
  QString digits = QString::number(count);
  for (qsizetype at = digits.size() - 3; at > (count < 0 ? 1 : 0); at -= 3) digits.insert(at, QChar(0x2009));
  return digits;
}

QString formatRate(double rate) {
  if (!(rate > 0)) return QStringLiteral("0");
  if (rate < 100) return QString::number(rate, 'f', 1);
  return formatCount(std::llround(rate));
}

QString formatSeconds(double seconds) {
  if (seconds < 10) return Words::tr("%1 s").arg(seconds, 0, 'f', 1);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return Words::tr("%1 s").arg(whole);
  if (whole < 3600) return Words::tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
  return Words::tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
}

QString formatMilliseconds(double ms) {
  if (ms >= 10000) return formatSeconds(ms / 1000);
  if (ms >= 1000) return Words::tr("%1 s").arg(ms / 1000, 0, 'f', 2);
  return Words::tr("%1 ms").arg(ms, 0, 'f', ms < 10 ? 1 : 0);
}

QString formatWhen(int64_t epoch_ms) {
  const QDateTime when = QDateTime::fromMSecsSinceEpoch(epoch_ms);
  const qint64 days = when.date().daysTo(QDate::currentDate());
  if (days <= 0) return QLocale().toString(when.time(), QStringLiteral("HH:mm"));
  if (days == 1) return Words::tr("yesterday");
  //: a date in Qt's letters
  return QLocale().toString(when.date(), days < 300 ? Words::tr("d MMM") : Words::tr("d MMM yyyy"));
}

}  // namespace flightdeck
