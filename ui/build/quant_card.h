// One precision to choose: what the engine would weigh, need and do on this device. GUI thread only.
#pragma once

#include <QAbstractButton>
#include <optional>

#include "ui/build/build_texts.h"

namespace flightdeck {

class QuantCard : public QAbstractButton {
  Q_OBJECT
 public:
  explicit QuantCard(QFormat format, QWidget* parent = nullptr);
  QFormat format() const { return format_; }
  void setGroupSize(int group_size);
  void setEstimate(const std::optional<Preflight>& preflight, const QString& error);
  void setRecommended(bool recommended);
  bool possible() const;
  /// Why it is not; empty while that is not known.
  QString problem() const;
  QSize sizeHint() const override { return QSize(300, 152); }
  QSize minimumSizeHint() const override { return QSize(196, 152); }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void paintBadge(QPainter& painter, const Colors& colors) const;
  QFormat format_;
  int group_size_ = 128;
  std::optional<Preflight> preflight_;
  QString error_;
  bool recommended_ = false;
};

}  // namespace flightdeck
