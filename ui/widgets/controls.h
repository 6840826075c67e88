// Small makers of the same few controls, so that every page looks alike. GUI thread only.
#pragma once

#include <QFrame>
#include <QLabel>
#include <QPushButton>
#include <QString>

#include "ui/theme.h"

class QBoxLayout;
class QLayout;

namespace flightdeck {

enum class Tone { text, muted, faint, accent, prefill, queue, error };

/// A label that never reads its text as HTML; Tone and size from the theme.
QLabel* makeLabel(const QString& text, int pixels = type::body, Tone tone = Tone::text, FontKind kind = FontKind::ui);
/// A small pill behind a name; keeps its height beside tall neighbours.
QLabel* makeBadge(const QString& text, Tone tone = Tone::accent);
void setTone(QLabel* label, Tone tone);
/// look: "", primary, danger, quiet (style_sheet.cpp).
QPushButton* makeButton(const QString& text, const char* look = "");
/// A button that is only an icon, with the name spoken by screen readers and shown as tool tip.
QPushButton* makeIconButton(const QString& icon, const QString& name, const char* look = "quiet");
QFrame* makeFrame(const char* look, QWidget* parent = nullptr);
void setLook(QWidget* widget, const char* look);
/// Vertical or horizontal box with margins and spacing of the scale.
template <class Box>
Box* makeBox(QWidget* owner, int margin, int spacing) {
  auto* box = owner ? new Box(owner) : new Box();
  box->setContentsMargins(margin, margin, margin, margin);
  box->setSpacing(spacing);
  return box;
}
/// Re-reads the style sheet after a dynamic property changed.
void restyle(QWidget* widget);

}  // namespace flightdeck
