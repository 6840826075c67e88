// A thin bar that fills, with its words beside it where it is used. GUI thread only.
#pragma once

#include <QWidget>

#include "ui/widgets/controls.h"

namespace flightdeck {

class MeterBar : public QWidget {
  Q_OBJECT
 public:
  explicit MeterBar(Tone tone = Tone::accent, int thickness = 8, QWidget* parent = nullptr);
  void setFraction(double fraction);  // [0, 1]
  void setTone(Tone tone);
  double fraction() const { return fraction_; }
  QSize sizeHint() const override { return QSize(90, thickness_); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Tone tone_;
  int thickness_;
  double fraction_ = 0;
};

/// The colour of a tone in a palette.
QColor colorOf(Tone tone, const Colors& colors);

}  // namespace flightdeck
