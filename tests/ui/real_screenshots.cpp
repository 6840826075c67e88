// Takes the pictures of resources/screenshots: the real engine of the starter model, nothing invented, offscreen.
// real_screenshots FOLDER
#include <QApplication>
#include <QDir>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "app/services.h"
#include "core/base/file.h"
#include "core/base/paths.h"
#include "ui/application.h"
#include "ui/build/build_page.h"
#include "ui/build/quant_card.h"
#include "ui/build/report_view.h"
#include "ui/chat/chat_page.h"

using namespace flightdeck;

namespace {

constexpr int kLoadSeconds = 45;  // the chart shows a minute

class Photographer {
 public:
  Photographer(Application& app, const QString& folder) : app_(app), folder_(folder) {}

  bool build();
  bool chat();
  bool throughput();

 private:
  ChatController& controller() { return app_.window().chatPage()->controller(); }
  bool idle() { return !controller().sending() && !controller().generator().running(); }
  bool ask(const QString& text, bool wait = true);
  bool save(const QString& name);
  void submit(int number);
  Application& app_;
  QDir folder_;
  int running_ = 0;  // batch requests in flight
  std::vector<int32_t> text_;
};

bool Photographer::save(const QString& name) {
  QTest::qWait(3000);  // layout, the count of the context, rates that fall to zero
  return app_.window().grab().save(folder_.filePath(name));
}

bool Photographer::ask(const QString& text, bool wait) {
  if (!QTest::qWaitFor([&] { return !controller().sending(); }, 5000)) return false;
  controller().send(text);
  return !wait || QTest::qWaitFor([&] { return idle() && controller().current()->id() > 0; }, 60000);
}

bool Photographer::build() {
  app_.window().showPage(PageId::build);
  BuildPage& page = *app_.window().buildPage();
  for (QFormat format : {QFormat::int4_wo, QFormat::int8_wo}) {
    if (!QTest::qWaitFor([&] { return page.buildButton()->isEnabled(); }, 60000)) return false;
    page.cards()[static_cast<size_t>(format)]->click();
    page.buildButton()->click();
    if (!QTest::qWaitFor([&] { return page.report()->isVisible(); }, 60000)) return false;
    if (format == QFormat::int4_wo) Q_EMIT page.report()->dismissed();
  }
  page.report()->chatButton()->click();
  const auto ready = [&] { return app_.context().session.state() == EngineSession::State::ready; };
  if (!QTest::qWaitFor(ready, 60000)) return false;
  app_.window().showPage(PageId::build);
  return save("build-light.png");
}

bool Photographer::chat() {
  app_.window().showPage(PageId::chat);
  for (const char* text : {"Tell me a story about the sea", "写一首关于秋天的诗", "Write a story about a robot",
                           "What is a KV cache?", "世界上第二高的山峰是哪座?"}) {
    controller().newChat();
    if (!ask(QString::fromUtf8(text))) return false;
  }
  return ask("And what does INT8 quantization mean?") && save("chat-dark.png");
}

void Photographer::submit(int number) {
  Request request;
  const size_t length = 20 + static_cast<size_t>(number * 131 % 140);
  const size_t from = static_cast<size_t>(number * 977) % (text_.size() - length);
  request.prompt.assign(text_.begin() + static_cast<std::ptrdiff_t>(from),
                        text_.begin() + static_cast<std::ptrdiff_t>(from + length));
  request.max_tokens = 14 + number * 37 % 40;
  request.sampling.min_tokens = request.max_tokens;
  request.label = "batch prompts " + std::to_string(number);
  RequestSink sink;
  sink.on_token = [](const TokenEvent&) { return true; };
  sink.on_done = [this](const Completion&) { QMetaObject::invokeMethod(qApp, [this] { --running_; }); };
  if (app_.context().session.engine()->submit(std::move(request), std::move(sink))) ++running_;
}

bool Photographer::throughput() {
  const auto text = read_file(resources_dir() + "/starter/heldout.txt", 1 << 20);
  if (!text) return false;
  text_ = app_.context().session.engine()->tokenizer().encode(*text, SpecialTokens::as_text);
  app_.window().showPage(PageId::throughput);
  int number = 0;
  QElapsedTimer clock;
  clock.start();
  while (clock.elapsed() < kLoadSeconds * 1000) {
    const double seconds = static_cast<double>(clock.elapsed()) / 1000;
    const int wanted = seconds > kLoadSeconds - 5 ? 13 : 5 + static_cast<int>(4 * std::sin(seconds / 4));
    while (running_ < wanted) submit(++number);
    QTest::qWait(10);
  }
  controller().newChat();
  ask("Tell me a story about a lost key", false);
  QTest::qWait(60);
  const bool saved = app_.window().grab().save(folder_.filePath("throughput-dark.png"));
  return QTest::qWaitFor([&] { return running_ == 0; }, 60000) && saved;
}

}  // namespace

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QTemporaryDir home;
  qputenv("FLIGHTDECK_HOME", home.path().toUtf8());
  QApplication qt(argc, argv);
  Settings settings;
  settings.language = "en";  // of the README
  Application app(qt, makeServices(), settings);
  const auto theme = [&](const char* name) { app.context().settings.change([&](Settings& s) { s.theme = name; }); };
  app.show();
  app.window().resize(1440, 900);
  Photographer photographer(app, argc > 1 ? QString::fromLocal8Bit(argv[1]) : QStringLiteral("."));
  theme("light");
  bool good = photographer.build();
  theme("dark");
  good = good && photographer.chat() && photographer.throughput();
  if (!good) std::fputs("a picture could not be taken\n", stderr);
  return good ? 0 : 1;
}
