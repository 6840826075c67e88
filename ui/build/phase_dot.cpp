#include "ui/build/phase_dot.h"

#include <QPainter>

#include "ui/theme.h"

namespace flightdeck {

void PhaseDot::setState(State state) {
  if (state == state_) return;
  state_ = state;
  update();
}

void PhaseDot::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box(2, 2, 12, 12);
  if (state_ == State::done) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.accent);
    painter.drawEllipse(box);
    painter.setPen(QPen(colors.on_accent, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(QPolygonF({QPointF(5.4, 8.2), QPointF(7.2, 10), QPointF(10.6, 6.2)}));
  } else {
    painter.setPen(QPen(state_ == State::running ? colors.prefill : colors.line, 1.6));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(box.adjusted(0.8, 0.8, -0.8, -0.8));
    if (state_ == State::running) {
      painter.setBrush(colors.prefill);
      painter.drawPie(box.adjusted(0.8, 0.8, -0.8, -0.8), 90 * 16, -180 * 16);
    }
  }
}

}  // namespace flightdeck
