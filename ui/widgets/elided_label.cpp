#include "ui/widgets/elided_label.h"

#include <QEvent>

namespace flightdeck {

ElidedLabel::ElidedLabel(const QString& text, QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::PlainText);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setText(text);
}

void ElidedLabel::setText(const QString& text) {
  if (text == full_) return;
  full_ = text;
  setAccessibleName(text);
  updateGeometry();
  shorten();
}

void ElidedLabel::setElideMode(Qt::TextElideMode mode) {
  mode_ = mode;
  shorten();
}

QSize ElidedLabel::minimumSizeHint() const { return QSize(24, QLabel::minimumSizeHint().height()); }

QSize ElidedLabel::sizeHint() const {
  return QSize(fontMetrics().horizontalAdvance(full_) + 2, QLabel::sizeHint().height());
}

void ElidedLabel::resizeEvent(QResizeEvent* event) {
  QLabel::resizeEvent(event);
  shorten();
}

void ElidedLabel::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::FontChange) shorten();
}

void ElidedLabel::shorten() {
  // Control and direction characters of a name must not reorder the window around it.
  QString clean = full_.left(2000);
  for (QChar& c : clean)
    if (c.category() == QChar::Other_Control || c.category() == QChar::Other_Format) c = QChar(0xFFFD);
  const QString shown = fontMetrics().elidedText(clean, mode_, width());
  QLabel::setText(shown);
  setToolTip(shown == clean ? QString() : clean.left(400));
}

}  // namespace flightdeck
