// The build while it runs: bar, phases with their times, ETA, cancel. GUI thread only.
#pragma once

#include <QFrame>
#include <map>

#include "ui/build/build_job.h"

class QLabel;
class QPushButton;

namespace flightdeck {

class ElidedLabel;
class MeterBar;

class ProgressCard : public QFrame {
  Q_OBJECT
 public:
  explicit ProgressCard(BuildJob& job, QWidget* parent = nullptr);
  QPushButton* cancelButton() const { return cancel_; }

 private:
  void refresh();
  struct Row {
    class PhaseDot* dot;
    QLabel* name;
    ElidedLabel* detail;
    QLabel* seconds;
  };
  BuildJob& job_;
  ElidedLabel* title_;
  QLabel* eta_;
  MeterBar* bar_;
  std::map<BuildPhase, Row> rows_;
  QPushButton* cancel_;
};

}  // namespace flightdeck
