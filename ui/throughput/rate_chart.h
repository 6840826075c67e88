// Decode and prefill tokens per second over the last minute. Decode is a filled line, prefill a dashed one. GUI thread
// only.
#pragma once

#include <QWidget>
#include <deque>

#include "ui/engine_session.h"

namespace flightdeck {

class RateChart : public QWidget {
  Q_OBJECT
 public:
  explicit RateChart(QWidget* parent = nullptr);
  void setSamples(const std::deque<EngineSession::Sample>& samples, double now_s);
  QSize sizeHint() const override { return QSize(600, 170); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::deque<EngineSession::Sample> samples_;
  double now_s_ = 0;
};

/// The next "round" number at or above a value: 1, 2, 4, 8 times a power of ten.
double roundUp(double value);

}  // namespace flightdeck
