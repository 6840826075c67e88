// What is wrong with a folder or a file is told where the user stands, with the next step: Build, Models, Throughput.
#include <QFileDialog>
#include <QLabel>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <filesystem>

#include "app/services.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"
#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/build/build_page.h"
#include "ui/models/library_row.h"
#include "ui/models/models_page.h"
#include "ui/settings/settings_page.h"
#include "ui/throughput/throughput_page.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/toast.h"

using namespace flightdeck;
using namespace flightdeck::test;

class WrongInputTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Application> app_;

  /// Folders are looked at by the real service, engines are fakes.
  void start(const Settings& settings = {}) {
    world_->starter = false;
    Services services = fakeServices(*world_);
    services.describe_checkpoint = makeServices().describe_checkpoint;
    app_ = std::make_unique<Application>(*qApp, std::move(services), settings);
    app_->show();
  }
  QString model(const QString& name) {
    const QString folder = home_.filePath(name);
    if (!write_tiny_checkpoint(folder.toStdString())) return {};
    return folder;
  }
  static QStringList words(QWidget& widget) {
    QStringList texts;
    for (QLabel* label : widget.findChildren<QLabel*>()) {
      auto* elided = qobject_cast<ElidedLabel*>(label);
      texts << (elided ? elided->fullText() : label->text());
    }
    return texts;
  }
  LibraryRow* row(const QString& name) {
    for (LibraryRow* found : app_->window().modelsPage()->findChildren<LibraryRow*>())
      if (!found->isHidden() && words(*found).contains(name)) return found;
    return nullptr;
  }
  QPushButton* button(QWidget& page, const QString& text) {
    for (QPushButton* found : page.findChildren<QPushButton*>())
      if (found->text() == text) return found;
    return nullptr;
  }
  QString exportTo(const QString& path) {
    button(*app_->window().throughputPage(), "Export CSV")->click();
    auto* dialog = app_->window().findChild<QFileDialog*>();
    if (!dialog) return "no dialog";
    Q_EMIT dialog->fileSelected(path);
    dialog->close();
    app_->context().background.wait();
    QCoreApplication::processEvents();
    return app_->window().toast()->text();
  }

 private Q_SLOTS:
  void initTestCase() {
    QVERIFY(home_.isValid());
    qputenv("FLIGHTDECK_HOME", home_.path().toUtf8());
  }
  void init() { world_ = std::make_unique<World>(); }
  void cleanup() { app_.reset(); }

  void aModelWithoutTokenizerIsNotBuilt() {
    const QString folder = model("loses-it");
    Settings settings;
    settings.model_folders = {folder.toStdString()};
    start(settings);
    app_->window().showPage(PageId::build);
    BuildPage& page = *app_->window().buildPage();
    QTRY_VERIFY(page.buildButton()->isEnabled());
    QVERIFY(QFile::remove(folder + "/tokenizer.model"));
    app_->context().library.refresh();
    QTRY_VERIFY(!page.buildButton()->isEnabled());
    QVERIFY2(page.message().contains("no tokenizer.model there: choose the folder of a complete model"),
             qPrintable(page.message()));
    page.buildButton()->click();
    QCOMPARE(world_->builds.load(), 0);
  }

  void choosingAModelWithoutTokenizerIsTold() {
    const QString folder = model("never-had-it");
    QVERIFY(QFile::remove(folder + "/tokenizer.model"));
    start();
    app_->window().showPage(PageId::build);  // the Models page was never opened
    app_->context().library.importFolder(folder);
    QTRY_VERIFY(app_->window().toast()->text().contains(folder + ": no tokenizer.model there: choose"));
    QVERIFY(app_->context().library.checkpoints().empty());
  }

  void damagedEngineNamesTheNextStep() {
    EngineListing damaged = fakeEngine("old-engine", QFormat::int8_wo, 0);
    damaged.error = "weights-00001.safetensors: checksum differs";
    world_->engines = {damaged, fakeEngine("whole", QFormat::int8_wo, 1)};
    start();
    app_->window().showPage(PageId::models);
    QTRY_VERIFY(row("old-engine"));
    const QString told = words(*row("old-engine")).join('\n');
    QVERIFY2(told.contains("Damaged: weights-00001.safetensors: checksum differs"), qPrintable(told));
    QVERIFY2(told.contains("build it again on the Build page"), qPrintable(told));
    QVERIFY(row("old-engine")->accessibleName().contains("build it again"));
    QVERIFY2(!button(*row("old-engine"), "Open"), "a damaged engine can be opened");
    QVERIFY(button(*row("whole"), "Open"));
    QVERIFY(!words(*row("whole")).join('\n').contains("build it again"));
  }

  void damagedModelNamesTheNextStep() {
    const QString folder = model("cut-short");
    QVERIFY(QFile::resize(folder + "/model.safetensors", 1000));
    Settings settings;
    settings.model_folders = {folder.toStdString(), home_.filePath("moved-away").toStdString()};
    start(settings);
    app_->window().showPage(PageId::models);
    QTRY_VERIFY(row("cut-short") && row("moved-away"));
    for (const char* name : {"cut-short", "moved-away"}) {
      const QString told = words(*row(name)).join('\n');
      QVERIFY2(told.contains(home_.filePath(name)), qPrintable(told));
      const char* remedy = QString(name) == "cut-short" ? "Repair the folder" : "Connect its disk again";
      QVERIFY2(told.contains(remedy) && told.contains("take it off this list"), qPrintable(told));
      QVERIFY2(!button(*row(name), "Build"), "a damaged model can be built");
    }
  }

  void noRoomIsToldBesideTheButton() {
    Services services = fakeServices(*world_);
    services.preflight = [](const BuildOptions& options, const TargetDevice&) -> Result<Preflight> {
      Preflight flight;
      flight.problem = options.output_dir + ": the engine needs 12 MB of disk, 3 MB are free: free some space";
      return flight;
    };
    app_ = std::make_unique<Application>(*qApp, std::move(services), Settings());
    app_->show();
    app_->window().showPage(PageId::build);
    QTRY_COMPARE(app_->window().buildPage()->message(),
                 QString("/dev/null/engines: the engine needs 12 MB of disk, 3 MB are free: free some space"));
    QVERIFY(!app_->window().buildPage()->buildButton()->isEnabled());
  }

  void aFolderForEnginesThatCannotBeWrittenIsRefused() {
    start();
    app_->window().showPage(PageId::settings);
    SettingsPage& page = *app_->window().settingsPage();
    page.useEnginesFolder("/proc/self");
    QTRY_VERIFY(app_->window().toast()->text().contains("/proc/self: choose another folder"));
    QVERIFY(app_->context().settings.value().engines_folder.empty());
    page.useEnginesFolder(home_.path());
    QTRY_COMPARE(QString::fromStdString(app_->context().settings.value().engines_folder), home_.path());
    QVERIFY(QDir(home_.path()).entryList({".flightdeck-test*"}, QDir::Files | QDir::Hidden).isEmpty());
  }

  void aFailedExportIsTold() {
    Settings settings;
    settings.last_engine = "/engines/starter-int8";
    start(settings);
    app_->window().showPage(PageId::throughput);
    QTRY_COMPARE(app_->context().session.state(), EngineSession::State::ready);
    const QString nowhere = home_.filePath("no-folder/throughput.csv");
    const QString told = exportTo(nowhere);
    QVERIFY2(told.contains("Nothing was exported") && told.contains(home_.filePath("no-folder")), qPrintable(told));
    QVERIFY2(told.contains("folder that exists"), qPrintable(told));
    QVERIFY(!QFile::exists(nowhere));
  }

  void anExportIsWritten() {
    Settings settings;
    settings.last_engine = "/engines/starter-int8";
    start(settings);
    app_->window().showPage(PageId::throughput);
    QTRY_VERIFY(app_->context().session.history().size() > 1);
    const QString path = home_.filePath("throughput.csv");
    QVERIFY2(!exportTo(path).contains("Nothing was exported"), "a good path was refused");
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(file.readLine().startsWith("seconds,decode_tokens_per_s"));
    QVERIFY(file.readAll().count('\n') > 1);
  }
};

QTEST_MAIN(WrongInputTest)
#include "wrong_input_test.moc"
