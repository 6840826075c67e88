// "✓ INT8": whether a model fits this device in a precision, with the sum behind it as tool tip. GUI thread only.
#pragma once

#include <QLabel>

#include "ui/build/build_texts.h"

namespace flightdeck {

struct FitWords {
  QString chip;    // "✓ INT8"
  QString spoken;  // "INT8 fits with 2.1 GB to spare"
  QString sum;     // "weights 7.6 GB + cache of one sequence of 4 096 tokens 2.1 GB + workspace 0.2 GB = 9.9 GB"
  Tone tone = Tone::muted;
};
/// `flight` is foresee()'s, for the device whose free memory it names. Pure.
FitWords fitWords(QFormat format, const Preflight& flight);

class FitChip : public QLabel {
  Q_OBJECT
 public:
  explicit FitChip(QFormat format, QWidget* parent = nullptr);
  void setFit(const Preflight& flight);

 private:
  const QFormat format_;
};

}  // namespace flightdeck
