// What a reasoning model thinks: parted from its answer as it streams, folded away, kept out of copies and prompts.
#include "ui/chat/thought.h"

#include <QApplication>
#include <QClipboard>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/message_texts.h"
#include "ui/chat/message_view.h"
#include "ui/chat/transcript_view.h"
#include "ui/format.h"
#include "ui/markdown/text_block.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class ThoughtTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;

  ChatPage& page() { return *app_->window().chatPage(); }
  ChatModel& model() { return *page().controller().current(); }
  Message last() { return model().path().empty() ? Message() : *model().find(model().path().back()); }
  bool idle() { return !page().controller().sending() && !page().controller().generator().running(); }
  /// The widget of the newest answer.
  MessageView* view() {
    for (MessageView* found : page().findChildren<MessageView*>())
      if (found->id() == last().id && !found->isHidden()) return found;
    return nullptr;
  }
  /// The text blocks that can be seen, top to bottom.
  QStringList shown() {
    QStringList texts;
    for (TextBlock* block : view()->findChildren<TextBlock*>())
      if (!block->isHidden()) texts << block->plainText();
    return texts;
  }
  void start() {
    Settings settings;
    settings.last_engine = "/engines/starter-int8";
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), settings);
    app_->show();
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QTRY_VERIFY(page().controller().listed());
  }
  void ask(const QString& text) {
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

  void parts_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("thought");
    QTest::addColumn<QString>("answer");
    const auto row = [](const char* name, const char* text, const char* thought, const char* answer) {
      QTest::newRow(name) << QString::fromUtf8(text) << QString::fromUtf8(thought) << QString::fromUtf8(answer);
    };
    row("plain", "Just an answer.", "", "Just an answer.");
    row("thought", "<think>\nHm, 2 < 3.\n</think>\n\nYes.", "Hm, 2 < 3.\n", "Yes.");
    row("blank before", "\n <think>想</think>好", "想", "好");
    row("empty", "<think>\n\n</think>\n\nYes.", "", "Yes.");
    row("never closed", "<think>Hm", "Hm", "");
    row("closed by half", "<think>Hm</thi", "Hm</thi", "");
    row("another tag", "<thin>k", "", "<thin>k");
    row("opened by half", "<thi", "", "<thi");
    row("only at the beginning", "The tag <think> opens, </think> closes.", "",
        "The tag <think> opens, </think> closes.");
    row("twice", "<think>a</think>b<think>c</think>", "a", "b<think>c</think>");
    row("spaces of an answer stay", "    code", "", "    code");
  }
  void parts() {
    QFETCH(QString, text);
    QFETCH(QString, thought);
    QFETCH(QString, answer);
    for (qsizetype size : {qsizetype(1), qsizetype(2), qsizetype(5), text.size()}) {
      ThoughtSplitter splitter;
      ThoughtSplitter::Parts all;
      const auto add = [&](const ThoughtSplitter::Parts& parts) {
        all.thought += parts.thought;
        all.answer += parts.answer;
      };
      for (qsizetype at = 0; at < text.size(); at += size) add(splitter.append(text.mid(at, size)));
      add(splitter.finish());
      QCOMPARE(all.thought, thought);
      QCOMPARE(all.answer, answer);
      QCOMPARE(splitter.hasThought(), !thought.isEmpty());
    }
    const auto parts = ThoughtSplitter::split(text);
    QCOMPARE(parts.thought + '|' + parts.answer, thought + '|' + answer);
  }

  void foldsWhileItStreams() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string&) { return "<think>" + std::string(100000, 'w'); };
    start();
    ask("think");
    QTRY_VERIFY(view() && view()->thoughtButton()->isVisible() && last().text.size() > 60);
    QVERIFY2(view()->thoughtButton()->text().startsWith("Thinking…"), qPrintable(view()->thoughtButton()->text()));
    QVERIFY(shown().isEmpty());
    view()->thoughtButton()->click();
    QTRY_COMPARE(shown().size(), 1);
    const qsizetype early = shown().first().size();
    QVERIFY(shown().first().startsWith("wwww"));
    QTRY_VERIFY(shown().first().size() > early);  // an open thought grows on
    QTest::keyClick(&page(), Qt::Key_Escape);
    QTRY_VERIFY(idle());
    QVERIFY2(view()->thoughtButton()->text().startsWith("Thought for"), qPrintable(view()->thoughtButton()->text()));
    QVERIFY(last().stats.thinking_ms > 0);
  }

  void staysFoldedInStoredMessages() {
    world_->script.step_us = 2000;
    world_->script.answer = [](const std::string&) {
      return "<think>\nThe user says **hi**.\n\nI greet.\n</think>\n\nHello!";
    };
    start();
    ask("hi");
    QTRY_VERIFY(idle() && last().state == MessageState::complete);
    const ConversationId id = model().id();
    const double thinking = last().stats.thinking_ms;
    QVERIFY(thinking > 0);
    QTRY_VERIFY(view() && view()->thoughtButton()->isVisible());
    app_.reset();
    start();
    page().controller().open(id);
    QTRY_VERIFY(view() && view()->thoughtButton()->isVisible());
    QCOMPARE(view()->thoughtButton()->text(), "Thought for " + formatSeconds(thinking / 1000));
    QCOMPARE(shown(), QStringList{"Hello!"});
    QVERIFY(!view()->accessibleName().contains("I greet"));
    const int folded = view()->height();
    view()->thoughtButton()->click();
    QTRY_COMPARE(shown().size(), 3);
    QTRY_VERIFY(view()->height() > folded + 20);
    view()->thoughtButton()->click();
    QTRY_COMPARE(view()->height(), folded);
    QCOMPARE(shown(), QStringList{"Hello!"});
  }

  void copiesAndPromptsLeaveItOut() {
    std::string seen;
    world_->script.answer = [&seen](const std::string& prompt) {
      seen = prompt;
      return "<think>secret</think>Hello!";
    };
    start();
    ask("hi");
    QTRY_VERIFY(idle() && last().state == MessageState::complete && view());
    Q_EMIT page().transcript()->copyRequested(last().id);
    QCOMPARE(QApplication::clipboard()->text(), QString("Hello!"));
    ask("again");
    QTRY_VERIFY(idle() && model().path().size() == 4 && last().state == MessageState::complete);
    QVERIFY2(seen.find("Hello!") != std::string::npos && seen.find("secret") == std::string::npos, seen.c_str());
    QVERIFY(last().text.find("secret") != std::string::npos);  // it stays stored
  }

  void findingOpensIt() {
    world_->script.answer = [](const std::string&) { return "<think>a needle</think>Hay."; };
    start();
    ask("hi");
    QTRY_VERIFY(idle() && last().state == MessageState::complete && view());
    QCOMPARE(shown(), QStringList{"Hay."});
    page().transcript()->setMarked("needle");
    QTRY_COMPARE(shown().size(), 2);
  }

  void olderMessagesSayNoTime() {
    Message message;
    message.text = "<think>a</think>b";
    QCOMPARE(thoughtLine(message, nullptr), QString("Thought"));
    message.stats.thinking_ms = 75000;
    QCOMPARE(thoughtLine(message, nullptr), QString("Thought for 1 min 15 s"));
  }
};

QTEST_MAIN(ThoughtTest)
#include "thought_test.moc"
