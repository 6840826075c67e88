#include "ui/widgets/controls.h"

#include <QStyle>

#include "ui/widgets/icon_button.h"

namespace flightdeck {
namespace {
const char* nameOf(Tone tone) {
  switch (tone) {
    case Tone::text:
      return "text";
    case Tone::muted:
      return "muted";
    case Tone::faint:
      return "faint";
    case Tone::accent:
      return "accent";
    case Tone::prefill:
      return "prefill";
    case Tone::queue:
      return "queue";
    case Tone::error:
      return "error";
  }
  return "text";
}
}  // namespace

void restyle(QWidget* widget) {
  widget->style()->unpolish(widget);
  widget->style()->polish(widget);
  widget->update();
}

QLabel* makeLabel(const QString& text, int pixels, Tone tone, FontKind kind) {
  auto* label = new QLabel(text);
  label->setTextFormat(Qt::PlainText);
  label->setFont(fontOf(kind, pixels));
  label->setProperty("tone", QLatin1String(nameOf(tone)));
  return label;
}

QLabel* makeBadge(const QString& text, Tone tone) {
  auto* badge = makeLabel(text, type::tiny, tone);
  badge->setProperty("look", "badge");
  badge->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  return badge;
}

void setTone(QLabel* label, Tone tone) {
  const QLatin1String name(nameOf(tone));
  if (label->property("tone").toString() == name) return;
  label->setProperty("tone", name);
  restyle(label);
}

void setLook(QWidget* widget, const char* look) {
  widget->setProperty("look", QLatin1String(look));
  if (widget->isVisible()) restyle(widget);
}

QPushButton* makeButton(const QString& text, const char* look) {
  auto* button = new QPushButton(text);
  button->setProperty("look", QLatin1String(look));
  button->setCursor(Qt::PointingHandCursor);
  button->setAutoDefault(false);
  return button;
}

QPushButton* makeIconButton(const QString& icon, const QString& name, const char* look) {
  auto* button = new IconButton(icon);
  button->setProperty("look", QLatin1String(look));
  button->setProperty("icononly", true);
  button->setAccessibleName(name);
  button->setToolTip(name);
  return button;
}

QFrame* makeFrame(const char* look, QWidget* parent) {
  auto* frame = new QFrame(parent);
  frame->setProperty("look", QLatin1String(look));
  return frame;
}

}  // namespace flightdeck
