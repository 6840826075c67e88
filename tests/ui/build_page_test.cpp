// Building from the window: estimates, progress, report, chat; cancel, failure, the one click of the first start.
#include "ui/build/build_page.h"

#include <QLabel>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/build/progress_card.h"
#include "ui/build/quant_card.h"
#include "ui/build/report_view.h"
#include "ui/chat/chat_page.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class BuildPageTest : public QObject {
  Q_OBJECT
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;
  BuildPage& page() { return *app_->window().buildPage(); }
  void start() {
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), Settings());
    app_->show();
    app_->window().showPage(PageId::build);
    QTRY_VERIFY(page().buildButton()->isEnabled());
  }

 private Q_SLOTS:
  void initTestCase() { qputenv("FLIGHTDECK_HOME", home_.path().toUtf8()); }
  void init() { world_ = std::make_unique<World>(); }
  void cleanup() { app_.reset(); }

  void estimatesEveryPrecision() {
    start();
    for (QuantCard* card : page().cards()) {
      QVERIFY(card->possible());
      QVERIFY2(card->accessibleName().contains("fits"), qPrintable(card->accessibleName()));
    }
    QVERIFY(page().cards()[1]->isChecked());  // INT8 is recommended where it fits
  }

  void buildsAndOpensAChat() {
    start();
    page().cards()[2]->click();
    page().buildButton()->click();
    QTRY_VERIFY(page().report()->isVisible());
    QCOMPARE(world_->builds.load(), 1);
    QCOMPARE(page().job().options().qformat, QFormat::int4_wo);
    page().report()->chatButton()->click();
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QCOMPARE(app_->window().currentPage(), PageId::chat);
    QCOMPARE(app_->context().session.engine()->info().path, page().job().options().output_dir);
  }

  void cancelsWithinASecond() {
    world_->hold_build = true;
    start();
    page().buildButton()->click();
    auto* progress = page().findChild<ProgressCard*>();
    QTRY_VERIFY(progress->isVisible());
    QElapsedTimer timer;
    timer.start();
    progress->cancelButton()->click();
    QTRY_VERIFY(!page().job().running());
    QVERIFY(timer.elapsed() < 1000);
    QVERIFY2(page().message().contains("cancelled"), qPrintable(page().message()));
    QVERIFY(world_->engines.empty());
  }

  void aFailureSaysWhy() {
    world_->build_error = "needs 40 MB, 3 MB free in /engines: free some space";
    start();
    page().buildButton()->click();
    QTRY_COMPARE(page().message(), QString::fromStdString(world_->build_error));
    QVERIFY(page().buildButton()->isVisible());
  }

  void firstStartIsOneClick() {
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), Settings());
    app_->show();
    QPushButton* offer = nullptr;
    QTRY_VERIFY([&] {
      for (QPushButton* button : app_->window().chatPage()->findChildren<QPushButton*>())
        if (button->isVisible() && button->text().contains("starter")) offer = button;
      return offer != nullptr;
    }());
    offer->click();
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    QCOMPARE(world_->builds.load(), 1);
    QTRY_COMPARE(QString::fromStdString(world_->saved.last_engine), QString("/dev/null/engines/starter-int8"));
  }

  void quittingCancelsTheBuild() {
    world_->hold_build = true;
    start();
    page().buildButton()->click();
    QTRY_VERIFY(page().job().running());
    QElapsedTimer timer;
    timer.start();
    app_.reset();
    QVERIFY(timer.elapsed() < 1000);
    QVERIFY(world_->engines.empty());
  }

  void aMissingEngineIsNamed() {
    Settings settings;
    settings.last_engine = "/engines/missing";
    app_ = std::make_unique<Application>(*qApp, fakeServices(*world_), settings);
    app_->show();
    QTRY_VERIFY2(app_->window().toast()->text().contains("/engines/missing: no engine.json"),
                 qPrintable(app_->window().toast()->text()));
  }

  void aFolderThatIsNoModelIsRefused() {
    start();
    app_->window().showPage(PageId::models);
    app_->context().library.importFolder("/models/broken");
    QTRY_VERIFY(app_->window().toast()->text().contains("no config.json"));
    app_->context().library.importFolder("/models/other");
    QTRY_COMPARE(app_->context().library.checkpoints().size(), size_t(2));
  }

 private:
  QTemporaryDir home_;
};

QTEST_MAIN(BuildPageTest)
#include "build_page_test.moc"
