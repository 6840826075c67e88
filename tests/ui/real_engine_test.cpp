// The whole way with nothing invented: the starter model is built into an engine from the Build page, answers in two
// chats at once, and everything is found again in a new window on the same folder.
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <filesystem>

#include "app/services.h"
#include "core/base/paths.h"
#include "core/base/settings.h"
#include "tests/ui/paced_engine.h"
#include "ui/application.h"
#include "ui/build/build_page.h"
#include "ui/build/quant_card.h"
#include "ui/build/report_view.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/transcript_view.h"
#include "ui/format.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {
constexpr int kSlow = 60000;  // a build and a load on a busy machine
}

class RealEngineTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;
  std::shared_ptr<Pace> pace_;
  std::unique_ptr<Application> app_;
  ConversationId first_ = 0, second_ = 0;
  std::map<MessageId, std::string> texts_;  // what the first window showed

  void openWindow() {
    pace_ = std::make_shared<Pace>();
    Services services = makeServices();
    services.load_engine = [load = services.load_engine, pace = pace_](
                               const std::string& folder, const EngineOptions& options, const auto& progress,
                               std::stop_token stop) -> Result<std::unique_ptr<Inference>> {
      auto engine = load(folder, options, progress, stop);
      if (!engine) return engine;
      return std::make_unique<PacedEngine>(std::move(*engine), pace);
    };
    app_ = std::make_unique<Application>(*qApp, std::move(services), load_settings());
    app_->show();
    QVERIFY(QTest::qWaitForWindowExposed(&app_->window()));
  }
  ChatPage& page() { return *app_->window().chatPage(); }
  ChatController& chat() { return page().controller(); }
  ChatModel& model() { return *chat().current(); }
  Message last() { return model().path().empty() ? Message() : *model().find(model().path().back()); }

  void click(QAbstractButton* button) {
    QTRY_VERIFY_WITH_TIMEOUT(button->isVisible() && button->isEnabled(), kSlow);
    QTest::mouseClick(button, Qt::LeftButton);
  }
  void send(const QString& text) {
    auto* edit = page().composer()->findChild<QPlainTextEdit*>();
    edit->insertPlainText(text);  // as an input method would: keys for 世 there are none
    QTest::keyClick(edit, Qt::Key_Return);
  }
  /// Answers that do not end by themselves before they are stopped.
  void wantLongAnswers() {
    ChatOptions options = model().conversation().options;
    options.max_tokens = 600;
    options.use_model_sampling = false;
    options.sampling = app_->context().session.engine()->default_sampling();
    options.sampling.min_tokens = options.max_tokens;
    chat().setOptions(options);
  }
  void remember() {
    for (MessageId id : model().path()) texts_[id] = model().find(id)->text;
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(home_.isValid());
    qputenv("FLIGHTDECK_HOME", home_.path().toUtf8());
    openWindow();
  }
  void cleanupTestCase() { app_.reset(); }

  void buildsFromTheBuildPage() {
    app_->window().showPage(PageId::build);
    BuildPage& build = *app_->window().buildPage();
    QTRY_VERIFY_WITH_TIMEOUT(build.buildButton()->isEnabled(), kSlow);  // the library and the estimates have come
    click(build.cards()[static_cast<size_t>(QFormat::int8_wo)]);
    QCOMPARE(build.findChild<QLineEdit*>()->text(), QString("starter-int8"));
    click(build.buildButton());
    QTRY_VERIFY2_WITH_TIMEOUT(build.report()->isVisible(), qPrintable(build.message()), kSlow);
    QVERIFY(std::filesystem::exists(engines_dir() + "/starter-int8/engine.json"));
    QVERIFY(!std::filesystem::exists(engines_dir() + "/starter-int8.partial"));
    click(build.report()->chatButton());
    QTRY_COMPARE_WITH_TIMEOUT(app_->context().session.state(), EngineSession::State::ready, kSlow);
    QCOMPARE(app_->window().currentPage(), PageId::chat);
    QCOMPARE(app_->context().session.engine()->info().qformat, std::string("int8_wo"));
  }

  void streamsAndStops() {
    wantLongAnswers();
    send("What is the highest mountain?");
    QTRY_VERIFY(chat().generator().running() && model().id() > 0);
    first_ = model().id();
    pace_->allow(20);
    QTRY_VERIFY(last().text.size() > 10);
    const size_t early = last().text.size();
    QCOMPARE(last().state, MessageState::partial);
    pace_->allow(20);
    QTRY_VERIFY(last().text.size() > early);  // it grows while it is written
    QTest::keyClick(page().composer()->findChild<QPlainTextEdit*>(), Qt::Key_Escape);
    pace_->allow(2);  // the engine thread stands in a token; the stop is seen with the next one
    QTRY_VERIFY(!chat().generator().running());
    QCOMPARE(last().finish, FinishReason::cancelled);
    QVERIFY(last().stats.generated_tokens > 1 && last().stats.generated_tokens < 600);
    remember();
  }

  void twoConversationsAtOnce() {
    send("Go on.");
    QTRY_VERIFY(chat().generating(first_));
    QTest::keyClick(&app_->window(), Qt::Key_N, Qt::ControlModifier);
    QCOMPARE(model().id(), 0);
    send("世界上第二高的山峰是哪座?");
    QTRY_VERIFY(model().id() > 0 && chat().generating(model().id()));
    second_ = model().id();
    QVERIFY(second_ != first_);
    // The second joins the batch with a step, and a step needs a token of the first.
    QTRY_VERIFY((pace_->allow(2), app_->context().session.engine()->stats().active_requests == 2));
    QTRY_VERIFY((pace_->allow(2), last().text.size() > 10));
    chat().open(first_);
    QTRY_VERIFY(last().text.size() > 10);
    QVERIFY(chat().generating(first_) && chat().generating(second_));
    remember();
    chat().open(second_);
    remember();
  }

  void aNewWindowFindsThem() {
    app_->window().close();  // in the middle of both answers
    app_.reset();
    openWindow();
    QTRY_COMPARE(chat().conversations().size(), size_t(2));
    QTRY_COMPARE_WITH_TIMEOUT(app_->context().session.state(), EngineSession::State::ready, kSlow);
    for (ConversationId id : {first_, second_}) {
      chat().open(id);
      QTRY_COMPARE(model().path().size(), size_t(id == first_ ? 4 : 2));
      for (MessageId message : model().path()) {
        const std::string& text = model().find(message)->text;
        QVERIFY2(!text.empty() && text.starts_with(texts_.at(message)), text.c_str());  // nothing that was seen is lost
      }
      QCOMPARE(last().state, MessageState::partial);
    }
    QCOMPARE(qs(chat().find(second_)->title), QString("世界上第二高的山峰是哪座?"));
    QTRY_VERIFY(page().transcript()->liveWidgets() > 0);
  }

  void answersAgainToItsEnd() {
    pace_->allowAll();
    chat().newChat();
    ChatOptions options;
    options.max_tokens = 24;
    chat().setOptions(options);
    send("Hello");
    QTRY_VERIFY_WITH_TIMEOUT(last().state == MessageState::complete && !last().text.empty(), kSlow);
    QVERIFY(last().stats.decode_tokens_per_s > 0 || last().stats.generated_tokens == 1);
    QCOMPARE(last().engine, std::string("starter-int8"));
  }
};

QTEST_MAIN(RealEngineTest)
#include "real_engine_test.moc"
