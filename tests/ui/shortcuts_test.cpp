// Every key the Settings page promises, pressed on the active window.
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/chat/find_bar.h"

using namespace flightdeck;
using namespace flightdeck::test;

class ShortcutsTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;

  ChatPage& page() { return *app_->window().chatPage(); }
  ChatController& chat() { return page().controller(); }
  QPlainTextEdit* editor() { return page().composer()->findChild<QPlainTextEdit*>(); }
  QListView* list() { return page().findChild<QListView*>(); }
  /// As the window system delivers it: to whatever has the focus.
  void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QTest::keyClick(app_->window().windowHandle(), key, modifiers);
  }
  void ask(const QString& text) {
    editor()->setFocus();
    editor()->setPlainText(text);
    press(Qt::Key_Return);
  }

 private Q_SLOTS:
  void initTestCase() { qputenv("FLIGHTDECK_HOME", home_.path().toUtf8()); }
  void init() {
    QFile::remove(home_.filePath("state/new-chat-draft"));
    world_ = std::make_unique<World>();
    Settings settings;
    settings.last_engine = "/engines/starter-int8";
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), settings);
    app_->show();
    app_->window().activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&app_->window()));
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QTRY_VERIFY(chat().listed());
  }
  void cleanup() { app_.reset(); }

  void pages() {
    const PageId ids[] = {PageId::chat, PageId::models, PageId::build, PageId::throughput, PageId::settings};
    for (int i = 4; i >= 0; --i) {
      press(static_cast<Qt::Key>(Qt::Key_1 + i), Qt::ControlModifier);
      QCOMPARE(app_->window().currentPage(), ids[i]);
    }
    press(Qt::Key_Comma, Qt::ControlModifier);
    QCOMPARE(app_->window().currentPage(), PageId::settings);
  }

  void newChatFromEverywhere() {
    ask("one");
    QTRY_VERIFY(chat().current()->id() > 0 && !chat().generator().running());
    const ConversationId first = chat().current()->id();
    press(Qt::Key_N, Qt::ControlModifier);  // from the composer
    QCOMPARE(chat().current()->id(), 0);
    QVERIFY(editor()->hasFocus());
    chat().open(first);
    press(Qt::Key_K, Qt::ControlModifier);  // from the search
    press(Qt::Key_N, Qt::ControlModifier);
    QCOMPARE(chat().current()->id(), 0);
    chat().open(first);
    press(Qt::Key_4, Qt::ControlModifier);  // from another page
    press(Qt::Key_N, Qt::ControlModifier);
    QCOMPARE(app_->window().currentPage(), PageId::chat);
    QCOMPARE(chat().current()->id(), 0);
    ask("two");
    QTRY_COMPARE(chat().conversations().size(), size_t(2));
  }

  void searchAndComposer() {
    press(Qt::Key_2, Qt::ControlModifier);
    press(Qt::Key_K, Qt::ControlModifier);
    QCOMPARE(app_->window().currentPage(), PageId::chat);
    QVERIFY(qobject_cast<QLineEdit*>(QApplication::focusWidget()));
    press(Qt::Key_L, Qt::ControlModifier);
    QVERIFY(editor()->hasFocus());
  }

  void findInTheChat() {
    ask("where is the Needle");
    QTRY_VERIFY(chat().current()->path().size() == 2 && !chat().generator().running());
    ask("nothing here");
    QTRY_VERIFY(chat().current()->path().size() == 4 && !chat().generator().running());
    press(Qt::Key_2, Qt::ControlModifier);
    press(Qt::Key_F, Qt::ControlModifier);
    QCOMPARE(app_->window().currentPage(), PageId::chat);
    auto* bar = page().findChild<FindBar*>();
    QVERIFY(bar->isVisible() && bar->field()->hasFocus());
    bar->field()->setText("needle");
    QCOMPARE(bar->found(), std::vector<MessageId>{chat().current()->path().front()});
    press(Qt::Key_Return);
    bar->field()->setText("answer");
    QCOMPARE(bar->found().size(), size_t(2));
    press(Qt::Key_Escape);
    QVERIFY(!bar->isVisible() && editor()->hasFocus());
  }

  void escapeStops() {
    world_->script.held = true;
    chat().newChat();
    app_->context().session.load("/engines/starter-int8");  // the held script
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    ask("wait");
    QTRY_COMPARE(world_->engine->submitted(), 1);
    QTRY_VERIFY(chat().generator().running());
    press(Qt::Key_Escape);
    world_->engine->release();
    QTRY_VERIFY(!chat().generator().running());
    const Message last = *chat().current()->find(chat().current()->path().back());
    QCOMPARE(last.finish, FinishReason::cancelled);
  }

  void upEditsTheLastMessage() {
    ask("to be changed");
    QTRY_VERIFY(chat().current()->path().size() == 2 && !chat().generator().running());
    press(Qt::Key_Up);
    QCOMPARE(editor()->toPlainText(), QString("to be changed"));
    press(Qt::Key_Escape);
    QVERIFY(editor()->toPlainText().isEmpty());
  }

  void deleteInTheList() {
    ask("to be deleted");
    QTRY_VERIFY(chat().conversations().size() == 1 && !chat().generator().running());
    list()->setFocus();
    press(Qt::Key_Delete);
    QTRY_VERIFY(chat().conversations().empty());
  }

  void quit() {
    press(Qt::Key_Q, Qt::ControlModifier);
    QTRY_VERIFY(!app_->window().isVisible());
  }
};

QTEST_MAIN(ShortcutsTest)
#include "shortcuts_test.moc"
