#include "ui/widgets/sparkline.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>

#include "ui/theme.h"

namespace flightdeck {
namespace {
constexpr size_t kPoints = 50;
}

void Sparkline::push(double value) {
  values_.push_back(value);
  if (values_.size() > kPoints) values_.pop_front();
  if (isVisible()) update();
}

void Sparkline::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  double top = 1;
  for (double value : values_) top = std::max(top, value);
  if (values_.size() < 2 || top <= 1) {
    painter.setPen(QPen(colors.line, 1.5));
    painter.drawLine(0, height() - 3, width(), height() - 3);
    return;
  }
  QPainterPath path;
  for (size_t i = 0; i < values_.size(); ++i) {
    const double x = width() - 1 - (static_cast<double>(values_.size() - 1 - i)) * (width() - 2) / (kPoints - 1);
    const double y = height() - 3 - values_[i] / top * (height() - 6);
    i == 0 ? path.moveTo(x, y) : path.lineTo(x, y);
  }
  painter.setPen(QPen(colors.accent, 1.5));
  painter.drawPath(path);
}

}  // namespace flightdeck
