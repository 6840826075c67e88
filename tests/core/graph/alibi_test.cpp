// ALiBi slopes as the paper's code gives them.
#include "core/graph/alibi.h"

#include <QTest>
#include <cmath>

using flightdeck::alibi_slopes;

class AlibiTest : public QObject {
  Q_OBJECT
 private slots:
  void power_of_two() {
    const std::vector<float> slopes = alibi_slopes(8);
    QCOMPARE(slopes.size(), size_t{8});
    for (int i = 0; i < 8; ++i) QCOMPARE(slopes[static_cast<size_t>(i)], std::exp2(-1.0f * static_cast<float>(i + 1)));
  }
  void forty_heads_of_baichuan_13b() {
    const std::vector<float> slopes = alibi_slopes(40);
    QCOMPARE(slopes.size(), size_t{40});
    for (size_t i = 0; i < 32; ++i) QCOMPARE(slopes[i], std::exp2(-0.25f * static_cast<float>(i + 1)));
    for (size_t i = 0; i < 8; ++i) QCOMPARE(slopes[32 + i], std::exp2(-0.125f * static_cast<float>(2 * i + 1)));
  }
  void any_count() {
    for (int heads = 1; heads <= 129; ++heads) QCOMPARE(alibi_slopes(heads).size(), static_cast<size_t>(heads));
    QVERIFY(alibi_slopes(0).empty());
    QVERIFY(alibi_slopes(-4).empty());
  }
};

QTEST_GUILESS_MAIN(AlibiTest)
#include "alibi_test.moc"
