// TokenFeed: many threads push, one wake-up at a time, text in order, first token and end at once.
#include "ui/token_feed.h"

#include <QSignalSpy>
#include <QTest>
#include <map>
#include <thread>

using namespace flightdeck;

class TokenFeedTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void keepsTheOrderOfEveryStream() {
    TokenFeed feed;
    std::map<StreamId, std::string> got, sent;
    int done = 0;
    connect(&feed, &TokenFeed::updated, this, [&](const FeedUpdate& update) {
      got[update.stream] += update.text;
      if (update.completion) ++done;
    });
    std::vector<std::thread> threads;
    for (StreamId stream = 1; stream <= 4; ++stream) {
      for (int i = 0; i < 500; ++i) sent[stream] += std::to_string(i) + " ";
      threads.emplace_back([stream, inbox = feed.inbox()] {
        for (int i = 0; i < 500; ++i) inbox->pushText(stream, std::to_string(i) + " ", i + 1);
        inbox->pushCompletion(stream, {});
      });
    }
    for (std::thread& thread : threads) thread.join();
    QTRY_COMPARE(done, 4);
    QCOMPARE(got, sent);
  }

  void queuesOneWakeUpForManyPushes() {
    TokenFeed feed;
    for (int i = 0; i < 1000; ++i) feed.inbox()->pushText(7, "x", i + 1);
    QCOMPARE(feed.wakeUps(), 1);
    int updates = 0;
    size_t bytes = 0;
    connect(&feed, &TokenFeed::updated, this, [&](const FeedUpdate& update) {
      ++updates;
      bytes += update.text.size();
    });
    QTRY_COMPARE(bytes, size_t(1000));
    QCOMPARE(updates, 1);
  }

  void drainsAtMostThirtyTimesASecond() {
    TokenFeed feed;
    QSignalSpy updates(&feed, &TokenFeed::updated);
    std::thread engine([inbox = feed.inbox()] {
      for (int i = 0; i < 300; ++i) {
        inbox->pushText(1, "t", i + 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
    QElapsedTimer timer;
    timer.start();
    QTest::qWait(450);
    engine.join();
    QVERIFY2(updates.count() <= timer.elapsed() / 33 + 2, qPrintable(QString::number(updates.count())));
    QVERIFY(updates.count() >= 3);
  }

  void firstTokenAndEndComeAtOnce() {
    TokenFeed feed;
    QElapsedTimer since;
    std::vector<qint64> at;
    connect(&feed, &TokenFeed::updated, this, [&](const FeedUpdate&) { at.push_back(since.elapsed()); });
    since.start();
    feed.inbox()->pushText(1, "a", 1);
    QCoreApplication::processEvents();
    QCOMPARE(at.size(), size_t(1));
    feed.inbox()->pushText(2, "another stream's first", 1);
    QCoreApplication::processEvents();
    QCOMPARE(at.size(), size_t(2));
    feed.inbox()->pushText(1, "b", 2);
    QCoreApplication::processEvents();
    QCOMPARE(at.size(), size_t(2));  // it waits for its frame …
    feed.inbox()->pushCompletion(1, {});
    QCoreApplication::processEvents();
    QCOMPARE(at.size(), size_t(3));  // … but the end takes it along
  }

  void aLatePushAfterTheFeedIsGoneDoesNothing() {
    std::shared_ptr<TokenFeed::Inbox> inbox;
    {
      TokenFeed feed;
      inbox = feed.inbox();
    }
    inbox->pushText(1, "late", 1);
    inbox->pushCompletion(1, {});
    QCoreApplication::processEvents();
  }
};

QTEST_GUILESS_MAIN(TokenFeedTest)
#include "token_feed_test.moc"
