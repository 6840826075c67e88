// How long the GUI thread is busy in one piece: 1,000 tokens a second of growing Markdown into a chat, 200 stored
// conversations. Prints the time to the first window and the longest, 99th and median turns of the event loop.
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QTest>
#include <QTimer>
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/chat/chat_page.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

double cpuMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

/// Measures the processor time of every event the GUI thread handles in one piece.
class MeasuredApplication : public QApplication {
 public:
  using QApplication::QApplication;
  std::vector<double> events_ms;
  double longest_ms = 0;
  QString longest;  // what it was, and when
  QElapsedTimer since;
  bool notify(QObject* receiver, QEvent* event) override {
    if (inside_) return QApplication::notify(receiver, event);
    inside_ = true;
    const auto type = event->type();  // the event may be gone afterwards
    const QString name = QString::fromLatin1(receiver->metaObject()->className());
    const double before = cpuMs();
    const bool result = QApplication::notify(receiver, event);
    events_ms.push_back(cpuMs() - before);
    if (events_ms.back() > longest_ms) {
      longest_ms = events_ms.back();
      longest = QStringLiteral("event %1 of %2 after %3 ms").arg(type).arg(name).arg(since.elapsed());
    }
    inside_ = false;
    return result;
  }

 private:
  bool inside_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  QElapsedTimer start;
  start.start();
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  qputenv("FLIGHTDECK_HOME", QDir::temp().filePath("flightdeck-frames").toUtf8());
  World world;
  MemoryStore store(world.chats);
  for (int i = 0; i < 200; ++i) (void)store.create_conversation("Conversation " + std::to_string(i), {});
  std::string text;
  for (int i = 0; text.size() < 60000; ++i)
    text += "## Part " + std::to_string(i) + "\n\nSome **bold** words and `code`, " + std::string(20, 'w') +
            " in a paragraph that goes on for a while. 山峰与河流。\n\n- one\n- two\n\n```cpp\nint main() { return 0; "
            "}  // a comment\n```\n\n";
  world.script.answer = [&](const std::string&) { return text; };
  world.script.step_us = 840;  // with what a sleep takes longer than asked, 1,000 tokens a second
  world.script.context_tokens = 100000;
  MeasuredApplication qt(argc, argv);
  Settings settings;
  settings.last_engine = "/engines/starter-int8";
  Application app(qt, fakeServices(world), settings);
  app.context().settings.change([](Settings& s) { s.theme = "dark"; });
  app.show();
  (void)QTest::qWaitForWindowExposed(&app.window());
  std::printf("window visible after %lld ms\n", static_cast<long long>(start.elapsed()));
  ChatController& chat = app.window().chatPage()->controller();
  QTest::qWait(300);
  ChatOptions options;
  options.max_tokens = 50000;
  chat.setOptions(options);
  qt.events_ms.clear();
  qt.longest_ms = 0;
  qt.since.start();
  chat.send("Write a long text");
  QTimer::singleShot(argc > 1 ? QString::fromLocal8Bit(argv[1]).toInt() * 1000 : 10000, &qt, &QApplication::quit);
  qt.exec();
  const auto live = chat.current()->live(chat.current()->liveMessage());
  std::printf("%d tokens, %.0f tok/s\n", live ? live->generated_tokens : -1, live ? live->tokens_per_s : 0);
  std::vector<double> ms = qt.events_ms;
  std::sort(ms.begin(), ms.end());
  double total = 0;
  for (double one : ms) total += one;
  if (!ms.empty())
    std::printf("%zu events, 99%% under %.2f ms, longest %.2f ms, %.1f s together (%s)\n", ms.size(),
                ms[ms.size() * 99 / 100], ms.back(), total / 1e3, qPrintable(qt.longest));
  return 0;
}
