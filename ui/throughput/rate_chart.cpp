#include "ui/throughput/rate_chart.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/format.h"
#include "ui/theme.h"

namespace flightdeck {
namespace {
constexpr double kSeconds = 60;

QString shortCount(double value) {
  if (value < 1000) return QString::number(value, 'g', 4);
  return QStringLiteral("%1k").arg(value / 1000, 0, 'g', 4);
}
}  // namespace

double roundUp(double value) {
  if (value <= 10) return 10;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (double factor : {1.0, 2.0, 4.0, 8.0})
    if (value <= factor * power) return factor * power;
  return 10 * power;
}

RateChart::RateChart(QWidget* parent) : QWidget(parent) {
  setMinimumHeight(120);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  setAccessibleName(tr("Tokens per second over the last minute"));
}

void RateChart::setSamples(const std::deque<EngineSession::Sample>& samples, double now_s) {
  samples_ = samples;
  now_s_ = now_s;
  update();
}

void RateChart::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF plot(48, 6, width() - 2 * 48, height() - 30);
  double most_decode = 0, most_prefill = 0;
  for (const auto& sample : samples_) {
    most_decode = std::max(most_decode, sample.decode_tokens_per_s);
    most_prefill = std::max(most_prefill, sample.prefill_tokens_per_s);
  }
  // Reading is many times faster than writing: each has a scale of its own, in its colour, at its side.
  const double top = roundUp(most_decode), prefill_top = roundUp(most_prefill);
  painter.setFont(fontOf(FontKind::ui, type::tiny));
  for (int i = 0; i <= 4; ++i) {
    const double y = plot.bottom() - plot.height() * i / 4;
    painter.setPen(QPen(colors.line, 1));
    painter.drawLine(QPointF(plot.left(), std::round(y) + 0.5), QPointF(plot.right(), std::round(y) + 0.5));
    painter.setPen(colors.accent);
    painter.drawText(QRectF(0, y - 9, plot.left() - 8, 18), Qt::AlignRight | Qt::AlignVCenter, shortCount(top * i / 4));
    painter.setPen(colors.prefill);
    painter.drawText(QRectF(plot.right() + 8, y - 9, 40, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     shortCount(prefill_top * i / 4));
  }
  painter.setPen(colors.faint);
  painter.drawText(QRectF(plot.left(), plot.bottom() + 5, 80, 18), Qt::AlignLeft, tr("−60 s"));
  painter.drawText(QRectF(plot.right() - 80, plot.bottom() + 5, 80, 18), Qt::AlignRight, tr("now"));
  if (samples_.size() < 2) return;
  QPainterPath decode, prefill;
  bool first = true;
  double first_x = 0, last_x = 0;
  for (const auto& sample : samples_) {
    const double x = plot.right() - (now_s_ - sample.at_s) / kSeconds * plot.width();
    if (x < plot.left()) continue;
    const QPointF d(x, plot.bottom() - sample.decode_tokens_per_s / top * plot.height());
    const QPointF p(x, plot.bottom() - sample.prefill_tokens_per_s / prefill_top * plot.height());
    if (first) first_x = x;
    first ? decode.moveTo(d) : decode.lineTo(d);
    first ? prefill.moveTo(p) : prefill.lineTo(p);
    first = false;
    last_x = x;
  }
  if (first) return;
  QPainterPath area = decode;
  area.lineTo(last_x, plot.bottom());
  area.lineTo(first_x, plot.bottom());
  area.closeSubpath();
  QColor fill = colors.accent;
  fill.setAlphaF(0.14f);
  painter.fillPath(area, fill);
  painter.setPen(QPen(colors.prefill, 1.5, Qt::DashLine));
  painter.drawPath(prefill);
  painter.setPen(QPen(colors.accent, 2));
  painter.drawPath(decode);
}

}  // namespace flightdeck
