#include "ui/widgets/meter_bar.h"

#include <QPainter>
#include <algorithm>

namespace flightdeck {

QColor colorOf(Tone tone, const Colors& colors) {
  switch (tone) {
    case Tone::text:
      return colors.text;
    case Tone::muted:
      return colors.muted;
    case Tone::faint:
      return colors.faint;
    case Tone::accent:
      return colors.accent;
    case Tone::prefill:
      return colors.prefill;
    case Tone::queue:
      return colors.queue;
    case Tone::error:
      return colors.error;
  }
  return colors.text;
}

MeterBar::MeterBar(Tone tone, int thickness, QWidget* parent) : QWidget(parent), tone_(tone), thickness_(thickness) {
  setFixedHeight(thickness);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void MeterBar::setFraction(double fraction) {
  const double value = fraction > 0 ? std::min(fraction, 1.0) : 0.0;  // NaN is 0
  if (value == fraction_) return;
  fraction_ = value;
  setAccessibleDescription(QStringLiteral("%1 %").arg(value * 100, 0, 'f', 0));
  update();
}

void MeterBar::setTone(Tone tone) {
  if (tone == tone_) return;
  tone_ = tone;
  update();
}

void MeterBar::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const double round = height() / 2.0;
  painter.setBrush(colors.line);
  painter.drawRoundedRect(QRectF(rect()), round, round);
  if (fraction_ <= 0) return;
  painter.setBrush(colorOf(tone_, colors));
  painter.drawRoundedRect(QRectF(0, 0, std::max<double>(height(), width() * fraction_), height()), round, round);
}

}  // namespace flightdeck
