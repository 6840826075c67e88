// The batch timeline: runs are merged, found under the mouse, and drawn from one to 64 slots.
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "ui/throughput/batch_timeline.h"
#include "ui/throughput/metric_card.h"
#include "ui/throughput/rate_chart.h"
#include "ui/throughput/request_list.h"
#include "ui/throughput/timeline_model.h"

using namespace flightdeck;

namespace {

IterationRecord record(uint64_t iteration, std::vector<IterationRecord::Entry> entries) {
  IterationRecord made;
  made.iteration = iteration;
  made.entries = std::move(entries);
  return made;
}

/// Sequence 5 in slot 0: two steps of prefill, then decode; sequence 6 takes slot 1 from the third iteration on.
std::vector<IterationRecord> sample() {
  return {record(1, {{0, 5, true, 256, 0}}), record(2, {{0, 5, true, 100, 0}}),
          record(3, {{0, 5, false, 1, 1}, {1, 6, true, 64, 0}}), record(4, {{0, 5, false, 1, 2}, {1, 6, false, 1, 1}})};
}

}  // namespace

class ThroughputTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void mergesIterationsIntoRuns() {
    TimelineModel model;
    model.add(sample());
    const auto runs = model.runs(100);
    QCOMPARE(runs.size(), size_t(4));
    const TimelineRun* prefill = model.at(0, 2);
    QVERIFY(prefill && prefill->prefill);
    QCOMPARE(prefill->tokens, 356);
    QCOMPARE(model.at(0, 4)->generated, 2);
    QVERIFY(!model.at(1, 2));
    QVERIFY(!model.at(9, 2));
    model.add(sample());  // the same records again change nothing
    QCOMPARE(model.runs(100).size(), size_t(4));
  }

  void aFinishedSequenceMakesRoom() {
    TimelineModel model;
    model.add({record(1, {{0, 5, false, 1, 9}}), record(2, {{0, 7, true, 8, 0}}), record(3, {}),
               record(4, {{0, 7, false, 1, 1}})});
    QCOMPARE(model.at(0, 1)->id, RequestId(5));
    QCOMPARE(model.at(0, 2)->id, RequestId(7));
    QVERIFY(!model.at(0, 3));
  }

  void hitsWhatIsPainted_data() {
    QTest::addColumn<int>("slots_shown");
    QTest::newRow("8") << 8;
    QTest::newRow("64") << 64;
  }
  void hitsWhatIsPainted() {
    QFETCH(int, slots_shown);
    BatchTimeline timeline;
    timeline.resize(800, 320);
    timeline.add(sample(), slots_shown);
    for (int slot : {0, 1}) {
      const TimelineRun* found = timeline.runAt(timeline.rectOf({slot, 0, false, 4, 4, 0, 0}).center());
      QVERIFY(found);
      QCOMPARE(found->slot, slot);
      QCOMPARE(found->id, RequestId(slot == 0 ? 5 : 6));
    }
    QVERIFY(!timeline.runAt(QPointF(5, 10)));
    QVERIFY(!timeline.runAt(QPointF(790, 10)));
    QVERIFY(!timeline.grab().isNull());
  }

  void aClickChoosesTheSequence() {
    BatchTimeline timeline;
    timeline.resize(800, 320);
    timeline.add(sample(), 8);
    QSignalSpy chosen(&timeline, &BatchTimeline::sequenceChosen);
    QTest::mouseClick(&timeline, Qt::LeftButton, {}, timeline.rectOf({1, 0, false, 4, 4, 0, 0}).center().toPoint());
    QCOMPARE(chosen.count(), 1);
    QCOMPARE(chosen.first().first().toULongLong(), 6ull);
  }

  void pauseStandsStill() {
    BatchTimeline timeline;
    timeline.resize(800, 320);
    timeline.add(sample(), 8);
    timeline.setPaused(true);
    timeline.add({record(5, {{2, 9, false, 1, 1}})}, 8);
    QVERIFY(!timeline.runAt(timeline.rectOf({2, 9, false, 5, 5, 0, 0}).center()));
    timeline.setPaused(false);
    QVERIFY(timeline.runAt(timeline.rectOf({2, 9, false, 5, 5, 0, 0}).center()));
  }

  void figuresFitNarrowCards() {
    MetricCard card("Decode", Tone::accent);
    card.resize(130, 70);
    card.show();
    card.setValue(QString::fromUtf8("12 509 词元/秒"), "weights 23 MB, KV cache 67 MB", "23 MB + KV");
    const auto labels = card.findChildren<QLabel*>();
    QCOMPARE(labels.size(), 3);
    for (QLabel* label : labels)
      QVERIFY2(label->fontMetrics().horizontalAdvance(label->text()) <= label->width(), qPrintable(label->text()));
    QCOMPARE(labels[2]->text(), QString("23 MB + KV"));
    card.resize(400, 70);
    QCoreApplication::processEvents();
    card.setValue("1 tok/s", "weights 23 MB, KV cache 67 MB", "23 MB + KV");
    QCOMPARE(labels[2]->text(), QString("weights 23 MB, KV cache 67 MB"));
  }

  void aNarrowRequestKeepsItsButton() {
    RequestList list;
    list.resize(150, 200);
    list.show();
    RequestView request;
    request.label = "a chat with a long title";
    request.state = RequestView::State::decode;
    request.generated_tokens = 1234;
    request.tokens_per_s = 567.8;
    list.setRequests({request});
    QCoreApplication::processEvents();
    auto* cancel = list.findChild<QPushButton*>();
    QVERIFY(cancel->width() >= cancel->sizeHint().width());
    QVERIFY(QRect(QPoint(), list.viewport()->size())
                .contains(QRect(cancel->mapTo(list.viewport(), QPoint()), cancel->size())));
  }

  void scalesAreRound() {
    QCOMPARE(roundUp(0), 10.0);
    QCOMPARE(roundUp(571), 800.0);
    QCOMPARE(roundUp(8240), 10000.0);
    QCOMPARE(roundUp(1100), 2000.0);
  }
};

QTEST_MAIN(ThroughputTest)
#include "throughput_test.moc"
