// A message of core in which addresses can be pressed. The rest of the text is never read as HTML. GUI thread only.
#pragma once

#include <QLabel>

#include "ui/widgets/controls.h"

namespace flightdeck {

/// `text` as rich text: escaped, http and https addresses as links.
QString withLinks(const QString& text, const QColor& color);

/// Wraps; its links open in a browser and are reached by keyboard.
class LinkedText : public QLabel {
  Q_OBJECT
 public:
  explicit LinkedText(int pixels = type::body, Tone tone = Tone::muted, QWidget* parent = nullptr);
  void setMessage(const QString& text);
  QString message() const { return message_; }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void render();
  QString message_, rendered_;
};

}  // namespace flightdeck
