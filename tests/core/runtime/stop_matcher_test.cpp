// Stop strings in text that comes in pieces.
#include "core/runtime/stop_matcher.h"

#include <QtTest>

using flightdeck::StopMatcher;

class StopMatcherTest : public QObject {
  Q_OBJECT
 private slots:
  void cases_data() {
    QTest::addColumn<QStringList>("stops");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("expected");
    QTest::newRow("no stops") << QStringList{} << "hello"
                              << "hello";
    QTest::newRow("stop in the middle") << QStringList{"END"} << "one END two"
                                        << "one ";
    QTest::newRow("only a beginning") << QStringList{"END"} << "one EN"
                                      << "one EN";
    QTest::newRow("the earliest wins") << QStringList{"cd", "b"} << "abcd"
                                       << "a";
    QTest::newRow("overlapping beginnings") << QStringList{"aab"} << "aaab"
                                            << "a";
    QTest::newRow("chinese") << QStringList{"。"} << "你好。再见"
                             << "你好";
  }

  /// Whatever the pieces, the text before the stop comes out whole.
  void cases() {
    QFETCH(QStringList, stops);
    QFETCH(QString, text);
    QFETCH(QString, expected);
    std::vector<std::string> list;
    for (const QString& s : stops) list.push_back(s.toStdString());
    const std::string bytes = text.toStdString();
    for (size_t piece = 1; piece <= bytes.size(); ++piece) {
      StopMatcher matcher(list);
      std::string out;
      for (size_t at = 0; at < bytes.size(); at += piece)
        out += matcher.push(std::string_view(bytes).substr(at, piece));
      if (!matcher.stopped()) out += matcher.finish();
      QCOMPARE(out, expected.toStdString());
    }
  }
};

QTEST_GUILESS_MAIN(StopMatcherTest)
#include "stop_matcher_test.moc"
