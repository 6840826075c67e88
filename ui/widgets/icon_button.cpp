#include "ui/widgets/icon_button.h"

#include <QEvent>

#include "ui/icons.h"
#include "ui/theme.h"

namespace flightdeck {

IconButton::IconButton(const QString& icon, const QString& text, QWidget* parent)
    : QPushButton(text, parent), icon_(icon) {
  setCursor(Qt::PointingHandCursor);
  setAutoDefault(false);
  setIconSize(QSize(16, 16));
}

void IconButton::setIconName(const QString& icon) {
  icon_ = icon;
  refresh();
}

void IconButton::refresh() {
  const Colors& colors = colorsOf(this);
  const QString look = property("look").toString();
  QColor color = colors.muted;
  if (look == QLatin1String("primary")) color = colors.on_accent;
  if (look == QLatin1String("danger")) color = Qt::white;
  if (!isEnabled()) color = colors.faint;
  const QString key = icon_ + color.name();
  if (key == shown_) return;
  shown_ = key;
  setIcon(iconOf(icon_, color));
}

void IconButton::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange ||
      event->type() == QEvent::EnabledChange)
    refresh();
  QPushButton::changeEvent(event);
}

void IconButton::showEvent(QShowEvent* event) {
  refresh();
  QPushButton::showEvent(event);
}

}  // namespace flightdeck
