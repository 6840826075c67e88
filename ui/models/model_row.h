// A model found on a hub: name, author, licence, downloads, size, whether it fits. A button that stays pressed. GUI
// thread only.
#pragma once

#include <QAbstractButton>
#include <vector>

#include "ui/models/hub_search.h"

class QLabel;

namespace flightdeck {

class ElidedLabel;
class FitChip;

class ModelRow : public QAbstractButton {
  Q_OBJECT
 public:
  ModelRow(const HubModel& model, QWidget* parent = nullptr);
  /// Null: not asked yet.
  void setLook(const HubSearch::Look* look);
  void setHere(bool is_here);  // on this computer already
  QString sizeText() const;
  const std::vector<FitChip*>& chips() const { return chips_; }
  QSize sizeHint() const override { return QSize(320, 92); }

 protected:
  void paintEvent(QPaintEvent*) override;
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }

 private:
  void speak();
  HubModel model_;
  ElidedLabel *title_, *facts_, *note_;
  QLabel *gated_, *here_, *size_;
  std::vector<FitChip*> chips_;
};

/// "owner · mit · 12 k downloads · 340 likes · 7.5 B parameters", as much as the hub says.
QString factsOf(const HubModel& model);

}  // namespace flightdeck
