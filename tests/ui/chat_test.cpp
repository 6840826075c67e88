// The chat from the window: durable before sent, streamed, stopped, regenerated, several at once, found again after a
// restart.
#include <QApplication>
#include <QClipboard>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <csignal>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/transcript_view.h"
#include "ui/format.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class ChatTest : public QObject {
  Q_OBJECT
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;

  void start(bool with_engine = true) {
    Settings settings;
    if (with_engine) settings.last_engine = "/engines/starter-int8";
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), settings);
    app_->show();
    if (with_engine) QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QTRY_VERIFY(chat().listed());
  }
  ChatPage& page() { return *app_->window().chatPage(); }
  ChatController& chat() { return page().controller(); }
  ChatModel& model() { return *chat().current(); }
  Message last() { return model().path().empty() ? Message() : *model().find(model().path().back()); }
  bool idle() { return !chat().sending() && !chat().generator().running(); }
  Message stored(MessageId id) {
    std::lock_guard lock(world_->chats->mutex);
    return world_->chats->messages[id];
  }
  void type(const QString& text) {
    auto* edit = page().composer()->findChild<QPlainTextEdit*>();
    edit->setPlainText(text);
    QTest::keyClick(edit, Qt::Key_Return);
  }

 private Q_SLOTS:
  void initTestCase() { qputenv("FLIGHTDECK_HOME", home_.path().toUtf8()); }
  void init() {
    QFile::remove(home_.filePath("state/new-chat-draft"));
    world_ = std::make_unique<World>();
  }
  void cleanup() { app_.reset(); }

  void sendsWhatIsDurable() {
    world_->script.held = true;
    start();
    type("世界上第二高的山峰是哪座?");
    QTRY_COMPARE(world_->engine->submitted(), 1);
    {
      std::lock_guard lock(world_->chats->mutex);
      QCOMPARE(world_->chats->log[0], std::string("create 1"));
      QVERIFY(world_->chats->log[1].starts_with("add user"));  // all of it before the engine was asked
      QVERIFY(world_->chats->log[2].starts_with("add answer"));
    }
    QVERIFY(page().composer()->text().isEmpty());
    world_->engine->release();
    QTRY_VERIFY(idle());
    QCOMPARE(last().text, std::string("An answer."));
    QCOMPARE(last().state, MessageState::complete);
    QCOMPARE(last().stats.decode_tokens_per_s, 71.3);
    QTRY_COMPARE(stored(last().id).text, std::string("An answer."));
    QCOMPARE(qs(chat().conversations().front().title), QString("世界上第二高的山峰是哪座?"));
  }

  void keepsTheTextWhenTheDiskIsFull() {
    start();
    world_->chats->refuse = "chats.sqlite: no space left, 0 bytes free: free some space";
    type("do not lose me");
    QTRY_VERIFY(!app_->window().toast()->text().isEmpty());
    QVERIFY(app_->window().toast()->text().contains("no space left"));
    QCOMPARE(page().composer()->text(), QString("do not lose me"));
    QCOMPARE(world_->engine->submitted(), 0);
  }

  void stopsAndKeepsWhatCame() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string&) { return std::string(100000, 'w'); };
    start();
    type("go on and on");
    QTRY_VERIFY(last().text.size() > 40);
    QTest::keyClick(&page(), Qt::Key_Escape);
    QTRY_VERIFY(idle());
    QCOMPARE(last().finish, FinishReason::cancelled);
    QVERIFY(last().text.size() > 40 && last().text.size() < 100000);
    QTRY_COMPARE(stored(last().id).text.size(), last().text.size());
  }

  void savesAPartialAnswerEverySecond() {
    world_->script.step_us = 3000;
    world_->script.answer = [](const std::string&) { return std::string(100000, 'w'); };
    start();
    type("long");
    QTRY_VERIFY(chat().generator().running() && last().id > 0);
    QTRY_VERIFY_WITH_TIMEOUT(!stored(last().id).text.empty(), 2500);
    QCOMPARE(stored(last().id).state, MessageState::partial);
  }

  void regeneratesAsABranch() {
    int count = 0;
    world_->script.answer = [&count](const std::string&) { return "answer " + std::to_string(++count); };
    start();
    type("again and again");
    QTRY_VERIFY(idle() && last().text == "answer 1");
    const MessageId first = last().id;
    chat().regenerate(first);
    QTRY_VERIFY(idle() && last().text == "answer 2");
    QCOMPARE(model().siblings(first).size(), size_t(2));
    chat().showBranch(first);
    QCOMPARE(last().text, std::string("answer 1"));
    QTRY_COMPARE(world_->chats->conversations.begin()->second.head, first);
    QCOMPARE(stored(first).text, std::string("answer 1"));
  }

  void editingMakesABranch() {
    start();
    type("first question");
    QTRY_VERIFY(idle() && !model().path().empty());
    const MessageId question = model().path().front();
    chat().editMessage(question, "second question");
    QTRY_VERIFY(idle() && model().path().front() != question);
    QCOMPARE(model().siblings(question).size(), size_t(2));
    QCOMPARE(stored(question).text, std::string("first question"));
    QCOMPARE(model().find(model().path().front())->text, std::string("second question"));
  }

  void twoChatsGenerateInOneBatch() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string& prompt) { return prompt + std::string(2000, '.'); };
    start();
    type("alpha");
    QTRY_VERIFY(chat().generator().running() && model().id() > 0);
    const ConversationId first = model().id();
    chat().newChat();
    type("beta");
    QTRY_VERIFY(model().id() > 0 && chat().generating(model().id()) && last().text.size() > 20);
    QVERIFY(chat().generating(first));
    QCOMPARE(app_->context().session.engine()->stats().active_requests, 2);
    QVERIFY(last().text.starts_with("beta"));
    chat().open(first);
    QVERIFY(last().text.starts_with("alpha"));
    QTest::keyClick(&page(), Qt::Key_Escape);  // stops this chat alone
    QTRY_VERIFY(!chat().generating(first));
    QVERIFY(chat().generator().running());
  }

  void findsTheConversationAfterARestart() {
    start();
    type("remember me");
    QTRY_VERIFY(idle() && last().text == "An answer.");
    const ConversationId id = model().id();
    app_.reset();
    start();
    QTRY_COMPARE(chat().conversations().size(), size_t(1));
    chat().open(id);
    QTRY_COMPARE(model().path().size(), size_t(2));
    QCOMPARE(last().text, std::string("An answer."));
    QCOMPARE(last().stats.prompt_tokens, 11);
  }

  void quitDuringGenerationSavesThePartialAnswer() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string&) { return std::string(100000, 'w'); };
    start();
    type("cut short");
    QTRY_VERIFY(last().text.size() > 30);
    const Message before = last();
    QElapsedTimer timer;
    timer.start();
    app_.reset();
    QVERIFY(timer.elapsed() < 1000);
    QVERIFY(stored(before.id).text.size() >= before.text.size());
    QCOMPARE(stored(before.id).state, MessageState::partial);
  }

  void aTerminationSignalQuitsWithEverythingSaved() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string&) { return std::string(100000, 'w'); };
    start();
    type("terminate");
    QTRY_VERIFY(last().text.size() > 30);
    const MessageId id = last().id;
    const size_t shown = last().text.size();
    ::raise(SIGTERM);
    QTRY_VERIFY(!app_->window().isVisible());
    QVERIFY(stored(id).text.size() >= shown);
  }

  void deletesWithUndo() {
    start();
    type("to be deleted");
    QTRY_VERIFY(idle() && chat().conversations().size() == 1);
    const ConversationId id = model().id();
    QMetaObject::invokeMethod(page().findChild<QWidget*>("conversations"), "deleteRequested", Q_ARG(qint64, id));
    QTRY_VERIFY(chat().conversations().empty());
    app_->window().toast()->button()->click();
    QTRY_COMPARE(chat().conversations().size(), size_t(1));
  }

  void draftsSurviveSwitchingAndQuitting() {
    start();
    type("first chat");
    QTRY_VERIFY(idle() && model().id() > 0);
    const ConversationId id = model().id();
    auto* edit = page().composer()->findChild<QPlainTextEdit*>();
    edit->setPlainText("half a thought");
    chat().newChat();  // before the timer that writes drafts has run
    QVERIFY(edit->toPlainText().isEmpty());
    edit->setPlainText("of a chat that is none yet");
    chat().open(id);
    QCOMPARE(edit->toPlainText(), QString("half a thought"));
    chat().newChat();
    QCOMPARE(edit->toPlainText(), QString("of a chat that is none yet"));
    app_.reset();
    start();
    edit = page().composer()->findChild<QPlainTextEdit*>();
    QCOMPARE(edit->toPlainText(), QString("of a chat that is none yet"));
    chat().open(id);
    QCOMPARE(edit->toPlainText(), QString("half a thought"));
    chat().newChat();
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_VERIFY(idle() && last().text == "An answer.");
    chat().newChat();
    QVERIFY(edit->toPlainText().isEmpty());  // it was sent: no draft any more
  }

  void aWarningComesBackAfterAShorterMessage() {
    start();
    Toast* toast = app_->window().toast();
    toast->showMessage("chats.sqlite was damaged", {}, {}, {}, Toast::kSticky);
    toast->showMessage("Copied", {}, {}, {}, 1);
    QTRY_COMPARE(toast->text(), QString("chats.sqlite was damaged"));
    toast->button()->click();
    QVERIFY(toast->text().isEmpty());
  }

  void tellsWhenThePromptIsLongerThanTheContext() {
    world_->script.context_tokens = 64;
    start();
    type(QString(500, 'x'));
    QTRY_VERIFY(idle() && last().state == MessageState::failed);
    QVERIFY2(last().error.find("500 tokens") != std::string::npos, last().error.c_str());
  }

  void aHugePasteBecomesAnAttachment() {
    start();
    QMimeData data;
    data.setText(QString(1000000, 'p'));
    auto* edit = page().composer()->findChild<QPlainTextEdit*>();
    QElapsedTimer timer;
    timer.start();
    QApplication::clipboard()->setText(data.text());
    edit->paste();
    QVERIFY(timer.elapsed() < 1000);
    QVERIFY(edit->toPlainText().isEmpty());
    QCOMPARE(page().composer()->text().size(), 1000000);
  }

  void aLongChatKeepsFewWidgets() {
    MemoryStore store(world_->chats);
    const ConversationId id = store.create_conversation("long", {})->id;
    MessageId parent = 0;
    for (int i = 0; i < 10000; ++i) {
      Message message;
      message.conversation = id;
      message.parent = parent;
      message.role = i % 2 ? Role::assistant : Role::user;
      message.text = "message " + std::to_string(i) + " with **some** words";
      parent = *store.add_message(message);
    }
    start();
    chat().open(id);
    QTRY_COMPARE(model().path().size(), size_t(10000));
    QTRY_VERIFY(page().transcript()->liveWidgets() > 2);
    QVERIFY(page().transcript()->liveWidgets() < 120);
    QVERIFY(page().transcript()->following());
  }

 private:
  QTemporaryDir home_;
};

QTEST_MAIN(ChatTest)
#include "chat_test.moc"
