// A download in the window: from Discover to Done and its Build, pause and resume, failures, verification, restarts.
#include "tests/ui/models_fixture.h"
#include "ui/build/build_page.h"
#include "ui/models/repo_details.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class DownloadsViewTest : public QObject {
  Q_OBJECT
  std::unique_ptr<ModelsFixture> models_;

  /// A download that stands in its middle, seen on the Downloads view.
  void startSlowly() {
    models_->hub.add_weights(400'000);
    models_->hub.server.set_drip(100'000);
    models_->start();
    models_->app->context().downloads.start(HubKind::hugging_face, models_->hub.spec.repo);
    models_->page().showView(ModelsPage::downloads);
    QVERIFY(models_->hub.server.wait_for_request("/blob/model"));
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Fetching");
  }

 private Q_SLOTS:
  void init() { models_ = std::make_unique<ModelsFixture>(); }
  void cleanup() { models_.reset(); }

  void fromDiscoverToDoneAndBuild() {
    models_->hub.add_weights(100'000);
    models_->start();
    models_->search("tiny");
    QTRY_COMPARE(models_->discover().rows().size(), size_t{1});
    models_->discover().rows()[0]->click();
    QPushButton* button = models_->discover().details()->button();
    QTRY_VERIFY2(button->isEnabled() && button->text().startsWith("Download"), qPrintable(button->text()));
    button->click();
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Done");
    QVERIFY(models_->hub.is_installed());
    QTRY_COMPARE(button->text(), QString("Build engine"));
    models_->page().showView(ModelsPage::downloads);
    models_->press("build");
    QTRY_COMPARE(models_->app->window().currentPage(), PageId::build);
    BuildPage& build = *models_->app->window().buildPage();
    QTRY_VERIFY(build.buildButton()->isEnabled());
    build.buildButton()->click();
    QTRY_COMPARE(models_->world.builds.load(), 1);
    QCOMPARE(QString::fromStdString(build.job().options().model_dir),
             QString::fromStdString(models_->hub.repo_dir() + "/snapshots/" + HubServer::kCommit));
    QVERIFY(build.job().options().output_dir.ends_with("/tiny-int8"));
  }

  void pausedAndResumed() {
    startSlowly();
    models_->press("pause");
    QTRY_COMPARE(models_->row()->state(), QString("Paused"));
    QVERIFY(!models_->hub.is_installed());
    QVERIFY(models_->row()->button("cancel")->isVisible() && !models_->row()->button("build")->isVisible());
    models_->hub.server.set_drip(0);
    models_->press("resume");
    QTRY_COMPARE(models_->row()->state(), QString("Done"));
    QVERIFY(content_of(models_->hub.snapshot("model.safetensors")) == models_->hub.weights);
  }

  void cancelledAndTakenOffTheList() {
    startSlowly();
    models_->press("cancel");
    QTRY_COMPARE(models_->row()->state(), QString("Cancelled"));
    QCOMPARE(models_->hub.leftovers(), size_t{0});
    models_->press("remove");
    QTRY_VERIFY(!models_->row());
  }

  void comesBackPausedAfterARestart() {
    startSlowly();
    models_->app.reset();
    models_->hub.server.set_drip(0);
    models_->start();
    models_->page().showView(ModelsPage::downloads);
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Paused");
    models_->press("resume");
    QTRY_COMPARE(models_->row()->state(), QString("Done"));
  }

  void aFailureIsTold() {
    models_->hub.add_weights(1000);
    models_->hub.server.add_fault(
        {.matches = "/revision/", .status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}});
    models_->start();
    models_->page().showView(ModelsPage::downloads);
    models_->app->context().downloads.start(HubKind::hugging_face, models_->hub.spec.repo);
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Failed");
    QVERIFY2(models_->row()->message().contains("acme/tiny is not on http://127.0.0.1"),
             qPrintable(models_->row()->message()));
    QCOMPARE(models_->row()->button("resume")->text(), QString("Try again"));
    models_->press("resume");
    QTRY_COMPARE(models_->row()->state(), QString("Done"));
    QCOMPARE(models_->row()->message(), QString());
  }

  void aGatedOneNamesTheLicencePage() {
    models_->hub.add_weights(1000);
    models_->hub.server.add_fault(
        {.matches = "/revision/", .times = -1, .status = 403, .headers = {{"X-Error-Code", "GatedRepo"}}});
    models_->start();
    models_->page().showView(ModelsPage::downloads);
    models_->app->context().downloads.start(HubKind::hugging_face, models_->hub.spec.repo);
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Failed");
    const QString link =
        QString("<a href=\"%1/acme/tiny\"").arg(QString::fromStdString(models_->hub.server.endpoint()));
    QStringList texts;
    for (const QLabel* label : models_->row()->findChildren<QLabel*>()) texts << label->text();
    QVERIFY2(texts.join('\n').contains(link), qPrintable(texts.join('\n')));
  }

  void verifyingFindsAChangedByte() {
    models_->hub.add_weights(100'000);
    models_->start();
    models_->page().showView(ModelsPage::downloads);
    models_->app->context().downloads.start(HubKind::hugging_face, models_->hub.spec.repo);
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Done");
    models_->press("verify");
    QTRY_COMPARE(models_->row()->message(), QString("Every file is as it was downloaded."));
    QFile file(QString::fromStdString(models_->hub.snapshot("model.safetensors")));
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.putChar(static_cast<char>(models_->hub.weights[0] ^ 1));
    file.close();
    models_->press("verify");
    QTRY_VERIFY2(models_->row()->message().startsWith("Damaged: model.safetensors."),
                 qPrintable(models_->row()->message()));
  }

  void aModelThatWentAwayIsNotBuilt() {
    models_->hub.add_weights(1000);
    models_->start();
    models_->page().showView(ModelsPage::downloads);
    models_->app->context().downloads.start(HubKind::hugging_face, models_->hub.spec.repo);
    QTRY_VERIFY(models_->row() && models_->row()->state() == "Done");
    QVERIFY(QDir(QString::fromStdString(models_->hub.repo_dir())).removeRecursively());
    models_->press("build");
    QTRY_VERIFY2(models_->row()->message().startsWith("Not there any more: "), qPrintable(models_->row()->message()));
    QCOMPARE(models_->app->window().currentPage(), PageId::models);
  }

  void goesOnWhileThePageIsAway() {
    startSlowly();
    models_->app->window().showPage(PageId::settings);
    models_->hub.server.set_drip(0);
    QTRY_VERIFY(models_->app->window().toast()->text().contains("acme/tiny is downloaded"));
    models_->app->window().toast()->button()->click();
    QCOMPARE(models_->app->window().currentPage(), PageId::build);
  }
};

QTEST_MAIN(DownloadsViewTest)
#include "downloads_view_test.moc"
