#include "ui/style_sheet.h"

namespace flightdeck {
namespace {

// @name stands for a colour of the palette.
const char* const kSheet = R"(
* { outline: 0; }
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 8px; }
QWidget[look="page"] { background: @background; }
QWidget[look="panel"] { background: @panel; }
QFrame[look="card"] { background: @panel; border: 1px solid @line; border-radius: 12px; }
QFrame[look="sidebar"] { background: @panel; border: 0; border-right: 1px solid @line; }
QFrame[look="side"] { background: @panel; border: 0; border-left: 1px solid @line; }
QFrame[look="header"] { background: @background; border: 0; border-bottom: 1px solid @line; }
QFrame[look="strip"] { background: @panel; border: 0; border-top: 1px solid @line; }
QFrame[look="line"] { background: @line; border: 0; max-height: 1px; min-height: 1px; }
QFrame[look="bubble"] { background: @raised; border: 1px solid @line; border-radius: 12px; }
QFrame[look="composer"] { background: @panel; border: 1px solid @line; border-radius: 12px; }
QFrame[look="composer"][active="true"] { border: 1px solid @accent; }
QFrame[look="code"] { background: @panel; border: 1px solid @line; border-radius: 8px; }
QFrame[look="toast"] { background: @raised; border: 1px solid @line; border-radius: 8px; }
QFrame[look="warning"] { background: @panel; border: 1px solid @prefill; border-radius: 8px; }

QFrame[look="segments"] { background: @panel; border: 1px solid @line; border-radius: 10px; }
QFrame[look="drop"] { background: @selection; border: 2px dashed @accent; border-radius: 12px; }

QLabel { background: transparent; color: @text; }
QLabel[tone="muted"] { color: @muted; }
QLabel[tone="faint"] { color: @faint; }
QLabel[tone="accent"] { color: @accent; }
QLabel[tone="prefill"] { color: @prefill; }
QLabel[tone="queue"] { color: @queue; }
QLabel[tone="error"] { color: @error; }
QLabel[look="chip"] { background: @raised; color: @muted; border: 1px solid @line; border-radius: 6px; padding: 1px 6px; }
QLabel[look="chip"][tone="accent"] { background: @selection; color: @accent; border-color: @selection; }
QLabel[look="chip"][tone="prefill"] { color: @prefill; border-color: @prefill; }
QLabel[look="chip"][tone="error"] { color: @error; }
QLabel[look="badge"][tone="prefill"] { background: transparent; color: @prefill; border: 1px solid @prefill; }
QLabel[look="badge"] { background: @selection; color: @accent; border-radius: 9px; padding: 2px 8px; }

QPushButton, QToolButton { background: @raised; color: @text; border: 1px solid @line; border-radius: 8px; padding: 6px 14px; }
QPushButton[icononly="true"] { padding: 6px 7px; }
QPushButton:hover, QToolButton:hover { border-color: @faint; }
QPushButton:pressed, QToolButton:pressed { background: @selection; }
QPushButton:focus, QToolButton:focus { border-color: @accent; }
QPushButton:disabled, QToolButton:disabled { color: @faint; background: @panel; }
QPushButton[look="primary"] { background: @accent; color: @on_accent; border: 1px solid @accent; font-weight: 600; }
QPushButton[look="primary"]:hover { background: @accent_hover; }
QPushButton[look="primary"]:focus { border-color: @text; }
QPushButton[look="primary"]:disabled { background: @raised; color: @faint; border-color: @line; }
QPushButton[look="danger"] { background: @error_fill; color: #ffffff; border: 1px solid @error_fill; font-weight: 600; }
QPushButton[look="danger"]:hover { background: @error_hover; }
QPushButton[look="danger"]:focus { border-color: @text; }
QPushButton[look="quiet"], QToolButton[look="quiet"] { background: transparent; border: 1px solid transparent; color: @muted; padding: 2px 6px; border-radius: 6px; }
QPushButton[look="quiet"]:hover, QToolButton[look="quiet"]:hover { color: @text; background: @raised; }
QPushButton[look="quiet"]:focus, QToolButton[look="quiet"]:focus { border-color: @accent; }
QPushButton[look="quiet"]:disabled, QToolButton[look="quiet"]:disabled { color: @line; background: transparent; }
QPushButton[look="quiet"]:checked { color: @accent; background: @selection; }
QPushButton[look="segment"] { background: transparent; border: 1px solid transparent; color: @muted; padding: 4px 14px; border-radius: 7px; }
QPushButton[look="segment"]:hover { color: @text; }
QPushButton[look="segment"]:checked { background: @selection; color: @accent; border-color: @selection; font-weight: 600; }
QPushButton[look="segment"]:focus { border-color: @accent; }
QPushButton:checked { background: @selection; color: @accent; border-color: @accent; }
QToolButton::menu-indicator { image: none; }
QFileDialog QToolButton { padding: 3px; border-radius: 6px; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit[look="field"] {
  background: @raised; color: @text; border: 1px solid @line; border-radius: 6px; padding: 4px 8px;
  selection-background-color: @accent; selection-color: @on_accent; min-height: 20px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit[look="field"]:focus { border-color: @accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: @faint; }
QLineEdit[look="search"] { border-radius: 8px; padding: 5px 10px; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url(:/icons/chevron-down-@mode.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @panel; color: @text; border: 1px solid @line; padding: 4px; selection-background-color: @selection; selection-color: @text; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: 0; }
QPlainTextEdit, QTextEdit { background: transparent; color: @text; border: 0; selection-background-color: @accent; selection-color: @on_accent; }
QCheckBox { color: @text; spacing: 8px; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid @faint; border-radius: 4px; background: @raised; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(:/icons/check-@mode.svg); }
QCheckBox:focus { color: @accent; }

QScrollArea, QAbstractScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; } QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: transparent; border: 0; height: 0; width: 0; }
QListView { background: transparent; border: 0; }
QMenu { background: @panel; color: @text; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 6px 20px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: @selection; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QMessageBox, QDialog { background: @background; }
)";

}  // namespace

QString styleSheetFor(const Colors& c) {
  QString sheet = QLatin1String(kSheet);
  // Longer names first: @on_accent before @accent, @error_fill before @error.
  const std::pair<const char*, QString> values[] = {
      {"@background", c.background.name()},
      {"@on_accent", c.on_accent.name()},
      {"@accent_hover", (c.dark ? c.accent.lighter(110) : c.accent.darker(112)).name()},
      {"@error_fill", QStringLiteral("#c93640")},
      {"@error_hover", QStringLiteral("#b42e38")},
      {"@selection", c.selection.name()},
      {"@panel", c.panel.name()},
      {"@raised", c.raised.name()},
      {"@line", c.line.name()},
      {"@text", c.text.name()},
      {"@muted", c.muted.name()},
      {"@faint", c.faint.name()},
      {"@accent", c.accent.name()},
      {"@prefill", c.prefill.name()},
      {"@queue", c.queue.name()},
      {"@error", c.error.name()},
      {"@mode", c.dark ? QStringLiteral("dark") : QStringLiteral("light")},
  };
  for (const auto& [name, value] : values) sheet.replace(QLatin1String(name), value);
  return sheet;
}

}  // namespace flightdeck
