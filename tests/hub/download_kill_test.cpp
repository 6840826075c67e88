// Row 13: a hundred downloads, each killed at random moments until it is through.
#include <csignal>

#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class DownloadKillTest : public QObject {
  Q_OBJECT
 private slots:
  void row13_kill_at_random_moments() {
    constexpr size_t kBytes = 200'000;
    // What a kill may cost: of two files and their four connections, what was under way and not noted. The server
    // counts a request's bytes when it has handed them to the kernel, read or not: up to a part each.
    constexpr uint64_t kLostByAKill = 4 * (32 << 10);
    HubFixture hub;
    hub.add_weights(kBytes);
    hub.server.set_drip(2'000'000);
    std::mt19937 random(13);
    int kills = 0;
    for (int round = 0; round < 100; ++round) {
      hub.server.forget_requests();
      int killed = 0;
      for (bool done = false; !done;) {
        QProcess process;
        process.start(QStringLiteral(PULL_HELPER), {QString::fromStdString(hub.server.endpoint())});
        QVERIFY(process.waitForStarted());
        done = process.waitForFinished(killed < 5 ? 1 + static_cast<int>(random() % 60) : 60'000);
        if (done) QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        if (!done) {
          process.kill();
          process.waitForFinished();
          ++killed;
          // Absent or whole at any moment.
          if (hub.is_installed()) QVERIFY(content_of(hub.snapshot("model.safetensors")) == hub.weights);
          QVERIFY(hub.leftovers() <=
                  6);  // a partial file with its journal, and a journal being replaced, for two files
        }
      }
      QVERIFY(content_of(hub.snapshot("model.safetensors")) == hub.weights);
      QCOMPARE(hub.leftovers(), size_t{0});
      const uint64_t most = kBytes + 22 + static_cast<uint64_t>(killed) * kLostByAKill;
      QVERIFY2(hub.server.body_bytes() <= most,
               qPrintable(QString("%1 bytes sent, at most %2").arg(hub.server.body_bytes()).arg(most)));
      kills += killed;
      std::filesystem::remove_all(hub.repo_dir());
    }
    qInfo("%d kills in 100 rounds", kills);
    QVERIFY(kills >= 100);
  }
};

QTEST_GUILESS_MAIN(DownloadKillTest)
#include "download_kill_test.moc"
