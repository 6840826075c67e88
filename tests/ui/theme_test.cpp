// The palettes: every text colour reaches 4.5:1 on every ground it stands on; switching at run time repaints.
#include "ui/theme.h"

#include <QApplication>
#include <QLabel>
#include <QSignalSpy>
#include <QTest>
#include <algorithm>
#include <cmath>

#include "ui/format.h"
#include "ui/icons.h"

using namespace flightdeck;

namespace {

double luminance(const QColor& color) {
  const auto channel = [](double c) { return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
  return 0.2126 * channel(color.redF()) + 0.7152 * channel(color.greenF()) + 0.0722 * channel(color.blueF());
}

double contrast(const QColor& a, const QColor& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

}  // namespace

class ThemeTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void textIsReadable_data() {
    QTest::addColumn<QColor>("ink");
    QTest::addColumn<QColor>("ground");
    for (const Colors* c : {&darkColors(), &lightColors()}) {
      const QString mode = c->dark ? "dark" : "light";
      const std::pair<const char*, QColor> inks[] = {
          {"text", c->text},       {"muted", c->muted}, {"faint", c->faint}, {"accent", c->accent},
          {"prefill", c->prefill}, {"queue", c->queue}, {"error", c->error}};
      const std::pair<const char*, QColor> grounds[] = {
          {"background", c->background}, {"panel", c->panel}, {"raised", c->raised}};
      for (const auto& [ink, color] : inks)
        for (const auto& [ground, under] : grounds)
          QTest::addRow("%s %s on %s", qPrintable(mode), ink, ground) << color << under;
      for (const auto& [ink, color] : {inks[0], inks[1], inks[3]})
        QTest::addRow("%s %s on selection", qPrintable(mode), ink) << color << c->selection;
      QTest::addRow("%s on accent", qPrintable(mode)) << c->on_accent << c->accent;
      for (quint64 id = 0; id < 10; ++id)
        QTest::addRow("%s label on sequence %d", qPrintable(mode), static_cast<int>(id))
            << QColor(0x10, 0x18, 0x1f) << sequenceColor(id, *c);
    }
    QTest::newRow("white on stop") << QColor(Qt::white) << QColor("#c93640");
  }
  void textIsReadable() {
    QFETCH(QColor, ink);
    QFETCH(QColor, ground);
    QVERIFY2(contrast(ink, ground) >= 4.5,
             qPrintable(QStringLiteral("%1 on %2: %3").arg(ink.name(), ground.name()).arg(contrast(ink, ground))));
  }

  void switchesAtRunTime() {
    Theme theme(*qApp);
    QSignalSpy changed(&theme, &Theme::changed);
    theme.setMode("dark");
    QVERIFY(colorsOf(nullptr).dark);
    theme.setMode("light");
    QVERIFY(!colorsOf(nullptr).dark);
    QCOMPARE(changed.count(), 2);
    QVERIFY(!qApp->styleSheet().contains('@'));
    QVERIFY(!iconPixmap("chat", Qt::red, 24).isNull());
  }

  void numbersReadWell() {
    QCOMPARE(formatBytes(4'300'000'000), QString("4.3 GB"));
    QCOMPARE(formatBytes(38'400'000), QString("38 MB"));
    QCOMPARE(formatCount(8240), QStringLiteral("8\u2009240"));
    QCOMPARE(formatCount(-12), QString("-12"));
    QCOMPARE(formatRate(71.3), QString("71.3"));
    QCOMPARE(formatSeconds(64), QString("1 min 04 s"));
    QCOMPARE(formatMilliseconds(4.9), QString("4.9 ms"));
  }
};

QTEST_MAIN(ThemeTest)
#include "theme_test.moc"
