// Our own line icons, drawn in the colour asked for. GUI thread only.
#pragma once

#include <QColor>
#include <QIcon>
#include <QPixmap>
#include <QString>

namespace flightdeck {

/// resources/icons/<name>.svg with its strokes in `color`, cached.
QPixmap iconPixmap(const QString& name, const QColor& color, int size, qreal device_pixel_ratio = 1.0);
QIcon iconOf(const QString& name, const QColor& color);
/// The program's own icon, in its own colours.
QIcon applicationIcon();

}  // namespace flightdeck
