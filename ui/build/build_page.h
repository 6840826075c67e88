// The Build page: a checkpoint, a precision, the options, the build and its report. GUI thread only.
#pragma once

#include <QTimer>
#include <QWidget>
#include <vector>

#include "ui/build/build_job.h"
#include "ui/context.h"
#include "ui/widgets/controls.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QStackedWidget;

namespace flightdeck {

class AdvancedPanel;
class ElidedLabel;
class EmptyState;
class ProgressCard;
class QuantCard;
class ReportView;

class BuildPage : public QWidget {
  Q_OBJECT
 public:
  explicit BuildPage(Context& context, QWidget* parent = nullptr);
  void choose(const std::string& checkpoint);
  BuildJob& job() { return job_; }
  QPushButton* buildButton() const { return build_; }
  const std::vector<QuantCard*>& cards() const { return cards_; }
  ReportView* report() const { return report_; }
  QString message() const;

 Q_SIGNALS:
  void chatRequested(const std::string& engine);
  void buildingChanged(bool building);
  void finished(const QString& text);

 private:
  QWidget* makeBody();
  void connectAll();
  void refreshModels();
  void chooseMenu();
  void estimate();
  void recommend();
  void start();
  void showOutcome();
  QuantCard* chosenCard() const;
  std::string outputFolder() const;
  bool exists(const QString& name) const;
  BuildOptions options(QFormat format) const;
  const DeviceFacts* device() const;
  const CheckpointListing* checkpoint() const;

  Context& context_;
  BuildJob job_;
  QStackedWidget *pages_, *lower_;
  EmptyState* empty_;
  ElidedLabel *subtitle_, *estimates_for_;
  std::vector<QuantCard*> cards_;
  AdvancedPanel* advanced_;
  ProgressCard* progress_;
  ReportView* report_;
  QLineEdit* name_;
  QLabel* message_;
  QPushButton *choose_, *build_;
  QTimer estimate_timer_;
  std::string chosen_, built_;
  QString outcome_;  // how the last build ended, until something is changed
  Tone outcome_tone_ = Tone::muted;
  bool name_edited_ = false, picked_ = false;
  quint64 round_ = 0;
};

}  // namespace flightdeck
