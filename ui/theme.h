// The look: two palettes, one spacing scale, one style sheet. GUI thread only.
#pragma once

#include <QColor>
#include <QFont>
#include <QObject>
#include <QString>

class QApplication;
class QWidget;

namespace flightdeck {

/// Colours by meaning. Text roles reach 4.5:1 on background, panel and raised (tests/ui/theme_test.cpp).
struct Colors {
  QColor background, panel, raised, line;
  QColor text, muted, faint;
  QColor accent, selection, on_accent;  // decode and primary
  QColor prefill, queue, error;         // prefill and warning; waiting; failure
  bool dark = true;
};
const Colors& darkColors();
const Colors& lightColors();
/// The colours a widget is shown in.
const Colors& colorsOf(const QWidget* widget);

namespace space {
constexpr int xs = 4, s = 8, m = 12, l = 16, xl = 24, xxl = 32;
}
namespace radius {
constexpr int small = 6, medium = 8, large = 12;
}
namespace type {
constexpr int tiny = 11, small = 12, body = 13, reading = 15, title = 17, headline = 22;
}

enum class FontKind { ui, semibold, mono };
/// The system's sans (or the nicest one found), with Chinese fallback; mono has figures of one width.
QFont fontOf(FontKind kind, int pixels);

/// Colours of sequences in the timeline, told apart by neighbours too; never the prefill colour.
QColor sequenceColor(quint64 id, const Colors& colors);

/// Puts palette, fonts and style sheet on the application and follows the system while mode is "system".
class Theme : public QObject {
  Q_OBJECT
 public:
  explicit Theme(QApplication& app);
  void setMode(const QString& mode);  // system, light, dark
  QString mode() const { return mode_; }

 Q_SIGNALS:
  void changed();

 protected:
  bool eventFilter(QObject* object, QEvent* event) override;

 private:
  void apply();
  bool systemIsDark() const;
  QApplication& app_;
  QString mode_ = QStringLiteral("system");
  bool applying_ = false;
  bool system_dark_ = false;
};

}  // namespace flightdeck
