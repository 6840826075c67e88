#include "ui/models/library_row.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QVBoxLayout>

#include "ui/icons.h"
#include "ui/widgets/controls.h"
#include "ui/widgets/elided_label.h"

namespace flightdeck {

LibraryRow::LibraryRow(const QString& icon, const QString& name, const QString& detail, const QString& size,
                       const QString& remedy)
    : icon_name_(remedy.isEmpty() ? icon : QStringLiteral("warning")), damaged_(!remedy.isEmpty()) {
  setProperty("look", "card");
  row_ = makeBox<QHBoxLayout>(this, space::m, space::s);
  row_->setContentsMargins(space::l, space::m, space::m, space::m);
  icon_ = new QLabel;
  icon_->setFixedWidth(32);
  auto* words = makeBox<QVBoxLayout>(nullptr, 0, 2);
  auto* first = makeBox<QHBoxLayout>(nullptr, 0, space::s);
  auto* title = new ElidedLabel(name);
  title->setFont(fontOf(FontKind::semibold, type::reading));
  badge_ = makeBadge({});
  badge_->hide();
  first->addWidget(title);
  first->addWidget(badge_);
  first->addStretch();
  auto* facts = new ElidedLabel(detail);
  facts->setFont(fontOf(FontKind::ui, type::small));
  facts->setProperty("tone", damaged_ ? "error" : "muted");
  if (damaged_) facts->setElideMode(Qt::ElideMiddle);  // a long path keeps what is wrong with it
  words->addLayout(first);
  words->addWidget(facts);
  if (damaged_) {
    auto* next = new ElidedLabel(remedy);
    next->setFont(fontOf(FontKind::ui, type::small));
    next->setProperty("tone", "muted");
    words->addWidget(next);
  }
  auto* bytes = makeLabel(size, type::body, Tone::text, FontKind::semibold);
  bytes->setMinimumWidth(72);
  bytes->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  row_->addWidget(icon_);
  row_->addLayout(words, 1);
  row_->addWidget(bytes);
  row_->addSpacing(space::s);
  setAccessibleName(QStringLiteral("%1, %2, %3").arg(name, detail, damaged_ ? remedy : size));
}

QPushButton* LibraryRow::addButton(const QString& text, const char* look) {
  auto* button = makeButton(text, look);
  row_->addWidget(button);
  return button;
}

QPushButton* LibraryRow::addIconButton(const QString& icon, const QString& name) {
  auto* button = makeIconButton(icon, name);
  row_->addWidget(button);
  return button;
}

void LibraryRow::setActive(const QString& word) {
  badge_->setText(word);
  badge_->setVisible(!word.isEmpty());
}

void LibraryRow::refreshIcon() {
  const Colors& colors = colorsOf(this);
  icon_->setPixmap(iconPixmap(icon_name_, damaged_ ? colors.error : colors.muted, 24, devicePixelRatioF()));
}

void LibraryRow::showEvent(QShowEvent* event) {
  refreshIcon();
  QFrame::showEvent(event);
}

void LibraryRow::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange) refreshIcon();
  QFrame::changeEvent(event);
}

}  // namespace flightdeck
