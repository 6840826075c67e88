#include "ui/icons.h"

#include <QFile>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

namespace flightdeck {

QPixmap iconPixmap(const QString& name, const QColor& color, int size, qreal ratio) {
  const QString key = QStringLiteral("icon/%1/%2/%3/%4").arg(name, color.name()).arg(size).arg(ratio);
  QPixmap pixmap;
  if (QPixmapCache::find(key, &pixmap)) return pixmap;
  QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
  if (!file.open(QIODevice::ReadOnly)) return pixmap;
  QSvgRenderer renderer(file.readAll().replace("currentColor", color.name().toLatin1()));
  pixmap = QPixmap(QSize(size, size) * ratio);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  renderer.render(&painter);
  painter.end();
  pixmap.setDevicePixelRatio(ratio);
  QPixmapCache::insert(key, pixmap);
  return pixmap;
}

QIcon iconOf(const QString& name, const QColor& color) {
  QIcon icon;
  icon.addPixmap(iconPixmap(name, color, 16));
  icon.addPixmap(iconPixmap(name, color, 32));
  return icon;
}

QIcon applicationIcon() {
  QIcon icon;
  for (int size : {16, 32, 48, 128, 256})
    icon.addPixmap(iconPixmap(QStringLiteral("flightdeck"), QColor(Qt::white), size));
  return icon;
}

}  // namespace flightdeck
