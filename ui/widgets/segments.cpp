#include "ui/widgets/segments.h"

#include <QHBoxLayout>
#include <QKeyEvent>

#include "ui/widgets/controls.h"

namespace flightdeck {

Segments::Segments(const QStringList& names, QWidget* parent) : QFrame(parent) {
  setProperty("look", "segments");
  setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
  auto* row = makeBox<QHBoxLayout>(this, 3, 2);
  for (int i = 0; i < names.size(); ++i) {
    auto* button = makeButton(names[i], "segment");
    button->setCheckable(true);
    button->setChecked(i == 0);
    button->installEventFilter(this);
    row->addWidget(button);
    buttons_.push_back(button);
    connect(button, &QPushButton::clicked, this, [this, i] { setCurrent(i); });
  }
}

void Segments::setCurrent(int index) {
  for (size_t i = 0; i < buttons_.size(); ++i) {
    buttons_[i]->setChecked(static_cast<int>(i) == index);
    // One stop of the Tab key, as with radio buttons.
    buttons_[i]->setFocusPolicy(static_cast<int>(i) == index ? Qt::StrongFocus : Qt::ClickFocus);
  }
  if (index == current_) return;
  current_ = index;
  Q_EMIT chosen(index);
}

void Segments::setText(int index, const QString& text) { button(index)->setText(text); }

bool Segments::eventFilter(QObject* object, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QFrame::eventFilter(object, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  const int step = key == Qt::Key_Right ? 1 : key == Qt::Key_Left ? -1 : 0;
  const int next = current_ + step;
  if (step == 0 || next < 0 || next >= static_cast<int>(buttons_.size())) return QFrame::eventFilter(object, event);
  setCurrent(next);
  button(next)->setFocus(Qt::TabFocusReason);
  return true;
}

}  // namespace flightdeck
