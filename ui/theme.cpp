#include "ui/theme.h"

#include <QApplication>
#include <QEvent>
#include <QFontDatabase>
#include <QPalette>
#include <QStyleFactory>
#include <QWidget>
#include <array>
#include <cmath>

#include "ui/style_sheet.h"

// Outside the namespace, as Qt asks: the icons live in a static library.
static void initResources() { Q_INIT_RESOURCE(icons); }

namespace flightdeck {

const Colors& darkColors() {
  static const Colors colors{.background = 0x0e1318,
                             .panel = 0x141b22,
                             .raised = 0x1b242d,
                             .line = 0x26323d,
                             .text = 0xe4ebf1,
                             .muted = 0x94a3b1,
                             .faint = 0x7f8e9b,
                             .accent = 0x2fc6b4,
                             .selection = 0x1f3a3d,
                             .on_accent = 0x06201d,
                             .prefill = 0xf0b04e,
                             .queue = 0xa196f7,
                             .error = 0xf4737a,
                             .dark = true};
  return colors;
}

const Colors& lightColors() {
  static const Colors colors{.background = 0xf4f6f8,
                             .panel = 0xffffff,
                             .raised = 0xf8fafb,
                             .line = 0xdde3e8,
                             .text = 0x1a2530,
                             .muted = 0x55636f,
                             .faint = 0x64717d,
                             .accent = 0x07766b,
                             .selection = 0xdff1ef,
                             .on_accent = 0xffffff,
                             .prefill = 0x935800,
                             .queue = 0x5b4dcb,
                             .error = 0xc22f39,
                             .dark = false};
  return colors;
}

const Colors& colorsOf(const QWidget*) {
  // The application's palette: a widget's own is rewritten by style sheets, and late.
  return QGuiApplication::palette().color(QPalette::Window).lightness() < 128 ? darkColors() : lightColors();
}

namespace {

QStringList sansFamilies() {
  const QString system = QFontDatabase::systemFont(QFontDatabase::GeneralFont).family();
  QStringList families;
  // DejaVu is what fontconfig answers when nobody has chosen a font; anything else was chosen.
  if (!system.startsWith(QLatin1String("DejaVu"))) families << system;
  const QStringList installed = QFontDatabase::families();
  for (const char* name : {"Inter", "Noto Sans", "Ubuntu", "Cantarell", "Noto Sans CJK SC", "Liberation Sans"})
    if (installed.contains(QLatin1String(name))) families << QLatin1String(name);
  for (const char* name : {"Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "DejaVu Sans"})
    families << QLatin1String(name);
  families.removeDuplicates();
  return families;
}

QStringList monoFamilies() {
  QStringList families;
  const QStringList installed = QFontDatabase::families();
  for (const char* name : {"JetBrains Mono", "Cascadia Mono", "Ubuntu Mono", "DejaVu Sans Mono", "Noto Sans Mono"})
    if (installed.contains(QLatin1String(name))) families << QLatin1String(name);
  families << QStringLiteral("Noto Sans Mono CJK SC") << QStringLiteral("monospace");
  return families;
}

QPalette paletteOf(const Colors& c) {
  QPalette p;
  p.setColor(QPalette::Window, c.background);
  p.setColor(QPalette::WindowText, c.text);
  p.setColor(QPalette::Base, c.panel);
  p.setColor(QPalette::AlternateBase, c.raised);
  p.setColor(QPalette::Text, c.text);
  p.setColor(QPalette::Button, c.raised);
  p.setColor(QPalette::ButtonText, c.text);
  p.setColor(QPalette::BrightText, c.error);
  p.setColor(QPalette::PlaceholderText, c.faint);
  p.setColor(QPalette::Highlight, c.accent);
  p.setColor(QPalette::HighlightedText, c.on_accent);
  p.setColor(QPalette::Link, c.accent);
  p.setColor(QPalette::LinkVisited, c.accent);
  p.setColor(QPalette::ToolTipBase, c.raised);
  p.setColor(QPalette::ToolTipText, c.text);
  p.setColor(QPalette::Mid, c.line);
  p.setColor(QPalette::Dark, c.line);
  p.setColor(QPalette::Shadow, c.background.darker(150));
  for (auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    p.setColor(QPalette::Disabled, role, c.faint);
  return p;
}

}  // namespace

QFont fontOf(FontKind kind, int pixels) {
  static const QStringList sans = sansFamilies(), mono = monoFamilies();
  QFont font;
  font.setFamilies(kind == FontKind::mono ? mono : sans);
  font.setStyleHint(kind == FontKind::mono ? QFont::Monospace : QFont::SansSerif);
  if (kind == FontKind::mono) font.setFixedPitch(true);
  if (kind == FontKind::semibold) font.setWeight(QFont::DemiBold);
  font.setPixelSize(pixels);
  return font;
}

QColor sequenceColor(quint64 id, const Colors& colors) {
  // Ten hues away from the amber of prefill; neighbours in id are far apart.
  static constexpr std::array<int, 10> hues{248, 20, 172, 330, 100, 205, 275, 66, 190, 300};
  const int hue = hues[id % hues.size()];
  return colors.dark ? QColor::fromHsl(hue, 150, 174) : QColor::fromHsl(hue, 140, 170);
}

Theme::Theme(QApplication& app) : app_(app) {
  initResources();
  system_dark_ = systemIsDark();
  app_.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  app_.setFont(fontOf(FontKind::ui, type::body));
  app_.installEventFilter(this);
  apply();
}

bool Theme::systemIsDark() const { return app_.palette().color(QPalette::Window).lightness() < 128; }

void Theme::setMode(const QString& mode) {
  if (mode == mode_) return;
  mode_ = mode;
  apply();
}

void Theme::apply() {
  const bool dark = mode_ == QLatin1String("dark") || (mode_ == QLatin1String("system") && system_dark_);
  const Colors& colors = dark ? darkColors() : lightColors();
  applying_ = true;
  app_.setPalette(paletteOf(colors));
  app_.setStyleSheet(styleSheetFor(colors));
  applying_ = false;
  Q_EMIT changed();
}

bool Theme::eventFilter(QObject* object, QEvent* event) {
  // Qt 6.4 has no colorScheme: when the desktop's theme changes, its own palette is looked at for a moment.
  if (!applying_ && event->type() == QEvent::ThemeChange && object->isWindowType()) {
    applying_ = true;
    app_.setPalette(QPalette());
    system_dark_ = systemIsDark();
    applying_ = false;
    apply();
  }
  return QObject::eventFilter(object, event);
}

}  // namespace flightdeck
