#include "ui/widgets/linked_text.h"

#include <QEvent>
#include <QRegularExpression>

namespace flightdeck {

QString withLinks(const QString& text, const QColor& color) {
  // The comma or full stop behind an address belongs to the sentence.
  static const QRegularExpression address(QStringLiteral("https?://[^\\s<>\"'()]*[^\\s<>\"'().,:;!?]"));
  QString rich;
  qsizetype at = 0;
  for (auto found = address.globalMatch(text); found.hasNext();) {
    const auto match = found.next();
    rich += text.mid(at, match.capturedStart() - at).toHtmlEscaped();
    const QString shown = match.captured().toHtmlEscaped();
    rich += QStringLiteral("<a href=\"%1\" style=\"color:%2\">%1</a>").arg(shown, color.name());
    at = match.capturedEnd();
  }
  return rich + text.mid(at).toHtmlEscaped();
}

LinkedText::LinkedText(int pixels, Tone tone, QWidget* parent) : QLabel(parent) {
  setFont(fontOf(FontKind::ui, pixels));
  setTone(this, tone);
  setTextFormat(Qt::RichText);
  setWordWrap(true);
  setOpenExternalLinks(true);
  setTextInteractionFlags(Qt::TextBrowserInteraction);
}

void LinkedText::setMessage(const QString& text) {
  if (text == message_) return;
  message_ = text;
  setAccessibleName(text);
  render();
}

// Rich text keeps the colours it was set with, so a new theme sets it anew.
void LinkedText::render() {
  const QString rich = withLinks(message_, colorsOf(this).accent);
  if (rich == rendered_) return;
  rendered_ = rich;
  setText(rich);
}

void LinkedText::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange) render();
}

}  // namespace flightdeck
