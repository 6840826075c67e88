// One line of text that shortens with "…" instead of pushing its neighbours. GUI thread only.
#pragma once

#include <QLabel>

namespace flightdeck {

class ElidedLabel : public QLabel {
  Q_OBJECT
 public:
  explicit ElidedLabel(const QString& text = {}, QWidget* parent = nullptr);
  void setText(const QString& text);
  void setElideMode(Qt::TextElideMode mode);
  QString fullText() const { return full_; }
  QSize minimumSizeHint() const override;
  QSize sizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void shorten();
  QString full_;
  Qt::TextElideMode mode_ = Qt::ElideRight;
};

}  // namespace flightdeck
