// The last minute of one rate as a small line. GUI thread only.
#pragma once

#include <QWidget>
#include <deque>

namespace flightdeck {

class Sparkline : public QWidget {
  Q_OBJECT
 public:
  explicit Sparkline(QWidget* parent = nullptr) : QWidget(parent) { setFixedSize(100, 18); }
  void push(double value);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  std::deque<double> values_;
};

}  // namespace flightdeck
