// One number of the engine with its name and a line of detail. GUI thread only.
#pragma once

#include <QFrame>

#include "ui/widgets/controls.h"

namespace flightdeck {

class ElidedLabel;

class MetricCard : public QFrame {
  Q_OBJECT
 public:
  explicit MetricCard(const QString& name, Tone tone = Tone::text, QWidget* parent = nullptr);
  void setValue(const QString& value, const QString& detail);

 private:
  QString name_;
  QLabel* value_;
  ElidedLabel* detail_;
};

}  // namespace flightdeck
