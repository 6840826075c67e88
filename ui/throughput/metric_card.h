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
  /// `brief` stands for a detail that has no room.
  void setValue(const QString& value, const QString& detail, const QString& brief = {});

 private:
  QString name_;
  QLabel* value_;
  ElidedLabel* detail_;
};

}  // namespace flightdeck
