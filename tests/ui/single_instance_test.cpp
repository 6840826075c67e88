// A second start finds the first and asks it to come forward; a start alone, or after a crash, does not wait.
#include "ui/single_instance.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <thread>

using namespace flightdeck;

class SingleInstanceTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;

  /// What the second process does, while this thread answers as the first.
  bool secondStart(const std::string& profile) {
    std::atomic<int> answered = -1;
    std::thread other([&] { answered = SingleInstance(profile).raiseOther() ? 1 : 0; });
    while (answered < 0) QCoreApplication::processEvents(QEventLoop::AllEvents, 10);
    other.join();
    return answered == 1;
  }

 private Q_SLOTS:
  void theFirstComesForward() {
    const std::string profile = home_.filePath("a").toStdString();
    SingleInstance first(profile);
    QVERIFY(!first.raiseOther());
    first.listen();
    QSignalSpy raised(&first, &SingleInstance::raiseRequested);
    QVERIFY(secondStart(profile));
    QCOMPARE(raised.count(), 1);
    QVERIFY(secondStart(profile));
    QCOMPARE(raised.count(), 2);
  }

  void anotherProfileIsAnotherProgram() {
    SingleInstance first(home_.filePath("b").toStdString());
    first.listen();
    QVERIFY(!secondStart(home_.filePath("c").toStdString()));
  }

  void aloneItStartsAtOnce() {
    QElapsedTimer timer;
    timer.start();
    QVERIFY(!SingleInstance(home_.filePath("d").toStdString()).raiseOther());
    QVERIFY(timer.elapsed() < 500);
  }
};

QTEST_GUILESS_MAIN(SingleInstanceTest)
#include "single_instance_test.moc"
