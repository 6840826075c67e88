#include "ui/widgets/toast.h"

#include <QEvent>
#include <QHBoxLayout>
#include <algorithm>
#include <utility>

#include "ui/widgets/controls.h"

namespace flightdeck {
namespace {
constexpr int kTop = 84;  // below a page's header
}

Toast::Toast(QWidget* over) : QFrame(over) {
  setProperty("look", "toast");
  auto* row = makeBox<QHBoxLayout>(this, space::s, space::m);
  row->setContentsMargins(space::l, space::s, space::s, space::s);
  label_ = makeLabel({});
  label_->setWordWrap(true);
  button_ = makeButton({}, "quiet");
  row->addWidget(label_);
  row->addWidget(button_);
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &Toast::expire);
  connect(button_, &QPushButton::clicked, this, [this] {
    const auto action = std::exchange(on_action_, {});
    on_expired_ = {};
    expire();
    if (action) action();
  });
  over->installEventFilter(this);
  hide();
}

void Toast::showMessage(const QString& text, const QString& action, std::function<void()> on_action,
                        std::function<void()> on_expired, int milliseconds) {
  if (!isHidden() && timer_.interval() >= kSticky) waiting_ << label_->text();
  end();
  label_->setText(text);
  setAccessibleName(text);
  button_->setText(action.isEmpty() ? tr("Close") : action);
  on_action_ = std::move(on_action);
  on_expired_ = std::move(on_expired);
  place();
  show();
  raise();
  timer_.start(milliseconds);
}

void Toast::expire() {
  end();
  if (!waiting_.isEmpty()) showMessage(waiting_.takeLast(), {}, {}, {}, kSticky);
}

void Toast::end() {
  timer_.stop();
  hide();
  on_action_ = {};
  if (const auto expired = std::exchange(on_expired_, {})) expired();
}

QString Toast::text() const { return isHidden() ? QString() : label_->text(); }

bool Toast::eventFilter(QObject* object, QEvent* event) {
  if (event->type() == QEvent::Resize && isVisible()) place();
  return QFrame::eventFilter(object, event);
}

void Toast::place() {
  const int wanted = label_->fontMetrics().horizontalAdvance(label_->text()) + space::s;
  label_->setFixedWidth(std::clamp(wanted, 0, std::max(200, parentWidget()->width() - 310)));
  label_->setFixedHeight(label_->heightForWidth(label_->width()));
  layout()->activate();
  adjustSize();
  move((parentWidget()->width() - width()) / 2, kTop);  // never over what is being written below
}

}  // namespace flightdeck
