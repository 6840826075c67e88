#include "ui/rail.h"

#include <QAbstractButton>
#include <QEvent>
#include <QFocusEvent>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/icons.h"
#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {

const char* const kIcons[] = {"chat", "models", "build", "throughput", "settings"};

class RailButton : public QAbstractButton {
 public:
  explicit RailButton(const QString& icon) : icon_(icon) {
    setCheckable(true);
    setAutoExclusive(true);
    setCursor(Qt::PointingHandCursor);
    setFixedSize(68, 60);
    setFocusPolicy(Qt::TabFocus);
  }
  void setBusy(bool busy) {
    busy_ = busy;
    update();
  }

 protected:
  void focusInEvent(QFocusEvent* event) override {
    by_keyboard_ = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason;
    QAbstractButton::focusInEvent(event);
  }
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }
  void paintEvent(QPaintEvent*) override {
    const Colors& colors = colorsOf(this);
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    if (isChecked() || underMouse()) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(isChecked() ? colors.selection : colors.raised);
      painter.drawRoundedRect(box, radius::medium, radius::medium);
    }
    if (hasFocus() && by_keyboard_) {
      painter.setPen(colors.accent);
      painter.setBrush(Qt::NoBrush);
      painter.drawRoundedRect(box, radius::medium, radius::medium);
    }
    const QColor ink = isChecked() ? colors.accent : colors.muted;
    painter.drawPixmap(QPoint((width() - 24) / 2, 8), iconPixmap(icon_, ink, 24, devicePixelRatioF()));
    painter.setPen(ink);
    painter.setFont(fontOf(isChecked() ? FontKind::semibold : FontKind::ui, type::tiny));
    painter.drawText(QRect(0, 35, width(), 20), Qt::AlignCenter, text());
    if (busy_) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(colors.accent);
      painter.drawEllipse(QPointF(width() - 14, 12), 3, 3);
    }
  }

 private:
  QString icon_;
  bool busy_ = false, by_keyboard_ = false;
};

}  // namespace

Rail::Rail(QWidget* parent) : QFrame(parent) {
  setProperty("look", "sidebar");
  setFixedWidth(84);
  auto* column = makeBox<QVBoxLayout>(this, 0, space::m);
  column->setContentsMargins(0, space::l, 0, space::m);
  auto* logo = new QLabel;
  logo->setPixmap(iconPixmap(QStringLiteral("flightdeck"), Qt::white, 32, 2));
  logo->setAlignment(Qt::AlignCenter);
  column->addWidget(logo);
  column->addSpacing(space::xs);
  for (int i = 0; i < 5; ++i) {
    auto* button = new RailButton(QLatin1String(kIcons[i]));
    if (i == 4) column->addStretch();
    column->addWidget(button, 0, Qt::AlignHCenter);
    buttons_.push_back(button);
    connect(button, &QAbstractButton::clicked, this, [this, i] { Q_EMIT chosen(static_cast<PageId>(i)); });
  }
  buttons_[0]->setChecked(true);
  retranslate();
}

void Rail::retranslate() {
  const QString names[] = {tr("Chat"), tr("Models"), tr("Build"), tr("Throughput"), tr("Settings")};
  for (size_t i = 0; i < buttons_.size(); ++i) {
    buttons_[i]->setText(names[i]);
    buttons_[i]->setAccessibleName(names[i]);
    buttons_[i]->setToolTip(QStringLiteral("%1  Ctrl+%2").arg(names[i]).arg(i + 1));
  }
}

void Rail::changeEvent(QEvent* event) {
  if (event->type() == QEvent::LanguageChange) retranslate();
  QFrame::changeEvent(event);
}

void Rail::setCurrent(PageId page) { buttons_[static_cast<size_t>(page)]->setChecked(true); }

void Rail::setBusy(PageId page, bool busy) {
  static_cast<RailButton*>(buttons_[static_cast<size_t>(page)])->setBusy(busy);
}

}  // namespace flightdeck
