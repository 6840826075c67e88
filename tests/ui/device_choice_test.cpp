// Devices in the window: those that cannot be used are there with their reason, and nothing is used in their place.
#include <QComboBox>
#include <QLabel>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/fake_services.h"
#include "ui/application.h"
#include "ui/settings/settings_page.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

DeviceFacts gpu(const std::string& problem = {}) {
  DeviceFacts facts{"cuda:0", "NVIDIA H200", 150'000'000'000, 149'000'000'000, 4.3e12};
  facts.problem = problem;
  return facts;
}

}  // namespace

class DeviceChoiceTest : public QObject {
  Q_OBJECT
  QTemporaryDir home_;

 private Q_SLOTS:
  void initTestCase() { qputenv("FLIGHTDECK_HOME", home_.path().toUtf8()); }

  void saysWhatIsWrongWithTheChosenDevice_data() {
    QTest::addColumn<QString>("chosen");
    QTest::addColumn<QString>("problem");  // of the GPU; "-": there is none
    QTest::addColumn<QStringList>("parts");
    const QString stays_shut = "Engines do not open";
    QTest::newRow("auto, no GPU") << "auto"
                                  << "-" << QStringList();
    QTest::newRow("auto, good GPU") << "auto"
                                    << "" << QStringList();
    QTest::newRow("auto, bad GPU") << "auto"
                                   << "driver too old" << QStringList{"driver too old", "run on cpu instead"};
    QTest::newRow("cpu, bad GPU") << "cpu"
                                  << "driver too old" << QStringList();
    QTest::newRow("chosen, good GPU") << "cuda:0"
                                      << "" << QStringList();
    QTest::newRow("chosen, bad GPU") << "cuda:0"
                                     << "driver too old" << QStringList{"driver too old", stays_shut};
    QTest::newRow("chosen, gone") << "cuda:0"
                                  << "-" << QStringList{"There is no cuda:0", stays_shut};
  }
  void saysWhatIsWrongWithTheChosenDevice() {
    QFETCH(QString, chosen);
    QFETCH(QString, problem);
    QFETCH(QStringList, parts);
    World world;
    if (problem != "-") world.gpus = {gpu(problem.toStdString())};
    Settings settings;
    settings.device = chosen.toStdString();
    Application app(*qApp, fakeServices(world), settings);
    app.window().showPage(PageId::settings);
    const SettingsPage& page = *app.window().settingsPage();
    QTRY_VERIFY(app.context().library.measured());
    // What was chosen stays chosen in the list, there or not.
    QTRY_COMPARE(page.deviceBox()->currentData().toString(), chosen);
    QCOMPARE(page.deviceBox()->findData("cuda:0") >= 0, problem != "-" || chosen == "cuda:0");
    const QString note = page.deviceNoteLabel()->text();
    QCOMPARE(note.isEmpty(), parts.isEmpty());
    for (const QString& part : parts) QVERIFY2(note.contains(part), qPrintable(note));
  }
};

QTEST_MAIN(DeviceChoiceTest)
#include "device_choice_test.moc"
