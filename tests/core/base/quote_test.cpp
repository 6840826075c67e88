#include "core/base/quote.h"

#include <QtTest>

using namespace flightdeck;

class QuoteTest : public QObject {
  Q_OBJECT
 private slots:
  void escapes_what_could_deceive_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("shown");
    QTest::newRow("plain") << QByteArray("model.norm") << QByteArray("'model.norm'");
    QTest::newRow("chinese") << QByteArray("山峰") << QByteArray("'山峰'");
    QTest::newRow("line break") << QByteArray("a\nb") << QByteArray("'a\\u{a}b'");
    QTest::newRow("escape sequence") << QByteArray("\x1b[31m") << QByteArray("'\\u{1b}[31m'");
    QTest::newRow("direction mark") << QByteArray("a\u202e.txt") << QByteArray("'a\\u{202e}.txt'");
    QTest::newRow("broken UTF-8") << QByteArray("a\xff\xc3") << QByteArray("'a\\xff\\xc3'");
    QTest::newRow("long") << QByteArray(500, 'a') << "'" + QByteArray(96, 'a') + "…'";
  }
  void escapes_what_could_deceive() {
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, shown);
    QCOMPARE(QByteArray::fromStdString(quote(text.toStdString())), shown);
  }

  void utf8_length_accepts_exactly_utf8() {
    QCOMPARE(utf8_length("a"), 1u);
    QCOMPARE(utf8_length("é"), 2u);
    QCOMPARE(utf8_length("山"), 3u);
    QCOMPARE(utf8_length("😀"), 4u);
    for (const char* broken : {"", "\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                               "\xf4\x90\x80\x80", "\xf5", "\xe5\xb1"})
      QCOMPARE(utf8_length(broken), 0u);
  }
};

QTEST_GUILESS_MAIN(QuoteTest)
#include "quote_test.moc"
