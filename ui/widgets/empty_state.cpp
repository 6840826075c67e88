#include "ui/widgets/empty_state.h"

#include <QEvent>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/icons.h"
#include "ui/widgets/controls.h"

namespace flightdeck {

EmptyState::EmptyState(const QString& icon, const QString& title, const QString& body, const QString& action,
                       QWidget* parent)
    : QWidget(parent), icon_name_(icon) {
  auto* box = makeBox<QVBoxLayout>(this, space::xl, space::m);
  icon_ = new QLabel;
  icon_->setAlignment(Qt::AlignCenter);
  title_ = makeLabel(title, type::title, Tone::text, FontKind::semibold);
  title_->setAlignment(Qt::AlignCenter);
  title_->setWordWrap(true);
  body_ = makeLabel(body, type::body, Tone::muted);
  body_->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  body_->setWordWrap(true);
  body_->setMaximumWidth(460);
  body_->setMinimumWidth(280);
  button_ = makeButton(action, "primary");
  box->addStretch(2);
  box->addWidget(icon_, 0, Qt::AlignCenter);
  box->addWidget(title_);
  box->addWidget(body_, 0, Qt::AlignHCenter);
  box->addSpacing(space::xs);
  box->addWidget(button_, 0, Qt::AlignCenter);
  box->addStretch(3);
  connect(button_, &QPushButton::clicked, this, &EmptyState::pressed);
  setTexts(title, body, action);
}

void EmptyState::setTexts(const QString& title, const QString& body, const QString& action) {
  title_->setText(title);
  body_->setText(body);
  body_->setFixedHeight(std::max(0, body_->heightForWidth(460)));
  button_->setText(action);
  button_->setVisible(!action.isEmpty());
}

void EmptyState::refreshIcon() {
  icon_->setPixmap(iconPixmap(icon_name_, colorsOf(this).accent, 44, devicePixelRatioF()));
}

void EmptyState::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange) refreshIcon();
}

void EmptyState::showEvent(QShowEvent* event) {
  refreshIcon();
  body_->setFixedWidth(std::min(460, std::max(280, width() - 2 * space::xl)));
  body_->setFixedHeight(std::max(0, body_->heightForWidth(body_->width())));
  QWidget::showEvent(event);
}

}  // namespace flightdeck
