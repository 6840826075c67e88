// `flightdeck models`, `verify` and `pull --verify`: what is stored, whether it is whole, and away with it.
#include "tests/cli/program.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class ModelsCommandTest : public QObject {
  Q_OBJECT

  Outcome flightdeck(const QStringList& arguments, const QStringList& more = {}) const {
    return runProgram(arguments, {},
                      QStringList{"HF_ENDPOINT=" + QString::fromStdString(hub_->server.endpoint()),
                                  "MODELSCOPE_ENDPOINT=" + QString::fromStdString(hub_->server.endpoint())} +
                          more);
  }
  void damage_weights() const {
    std::fstream(hub_->snapshot("model.safetensors"), std::ios::in | std::ios::out | std::ios::binary).put('!');
  }

 private slots:
  void init() {
    hub_ = std::make_unique<HubFixture>();
    hub_->add_weights(100'000);
  }

  void lists_what_is_stored() {
    VERIFY_SUCCESS(flightdeck({"models"}));
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny", "--source", "modelscope"}));
    const Outcome listed = flightdeck({"models"});
    VERIFY_SUCCESS(listed);
    QVERIFY2(listed.out.contains(QRegularExpression("acme/tiny +huggingface +0123456789ab +100 KB")),
             qPrintable(listed.out));
    QVERIFY2(listed.out.contains(QRegularExpression("acme/tiny +modelscope +master +100 KB")), qPrintable(listed.out));
    const QJsonArray json = QJsonDocument::fromJson(flightdeck({"models", "--json"}).out.toUtf8()).array();
    QCOMPARE(json.size(), 2);
    QCOMPARE(json[0].toObject()["folder"].toString(),
             QFileInfo(QString::fromStdString(hub_->snapshot("config.json"))).path());
  }

  void removes_one_when_it_is_confirmed() {
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    QCOMPARE(flightdeck({"models", "--remove", "acme/other", "--yes"}).code, 1);
    const Outcome unconfirmed = flightdeck({"models", "--remove", "acme/tiny"});
    QCOMPARE(unconfirmed.code, 1);
    QVERIFY2(unconfirmed.err.contains("--yes"), qPrintable(unconfirmed.err));
    QVERIFY(hub_->is_installed());
    const Outcome removed = flightdeck({"models", "--remove", "acme/tiny", "--yes"});
    VERIFY_SUCCESS(removed);
    QVERIFY2(removed.out.contains("100 KB are free again"), qPrintable(removed.out));
    QVERIFY(!std::filesystem::exists(hub_->repo_dir()));
    QCOMPARE(flightdeck({"models"}).out, QString());
  }

  void of_several_revisions_one_must_be_named() {
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    hub_->server.set_commit(std::string(40, 'b'));
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    const Outcome unclear = flightdeck({"models", "--remove", "acme/tiny", "--yes"});
    QCOMPARE(unclear.code, 1);
    QVERIFY2(unclear.err.contains("0123456789ab") && unclear.err.contains("bbbbbbbbbbbb"), qPrintable(unclear.err));
    VERIFY_SUCCESS(flightdeck({"models", "--remove", "acme/tiny", "--revision", "bbbbbbbbbbbb", "--yes"}));
    QVERIFY(hub_->is_installed());
  }

  void damage_is_named_and_mended_as_the_message_says_data() {
    QTest::addColumn<QStringList>("place");
    QTest::newRow("cache") << QStringList();
    QTest::newRow("folder") << QStringList{"--local_dir", "here folder"};
  }
  void damage_is_named_and_mended_as_the_message_says() {
    QFETCH(QStringList, place);
    if (!place.isEmpty()) place[1] = hub_->home.path() + "/" + place[1];
    const QString name = place.isEmpty() ? "acme/tiny" : place[1];
    const Outcome pulled = flightdeck(QStringList{"pull", "acme/tiny"} + place);
    VERIFY_SUCCESS(pulled);
    const QString weights = pulled.out.trimmed() + "/model.safetensors";
    const Outcome whole = flightdeck({"verify", name});
    VERIFY_SUCCESS(whole);
    QVERIFY2(whole.out.contains("2 files, 100 KB, all as they were downloaded"), qPrintable(whole.out));
    std::fstream(weights.toStdString(), std::ios::in | std::ios::out | std::ios::binary).put('!');
    const Outcome damaged = flightdeck({"verify", name});
    QCOMPARE(damaged.code, 1);
    QVERIFY2(damaged.err.contains("damaged: 'model.safetensors'"), qPrintable(damaged.err));
    // What the message tells to do, word for word.
    const QString told = damaged.err.section("'flightdeck ", 1).section("' fetches", 0, 0);
    QStringList words = QProcess::splitCommand(QString(told).replace('\'', '"'));
    VERIFY_SUCCESS(flightdeck(words));
    QVERIFY(contentOf(weights).toStdString() == hub_->weights);
  }

  void verifies_without_a_network() {
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    hub_->server.forget_requests();
    for (const QStringList& how : {QStringList{"HF_ENDPOINT=http://127.0.0.1:1"}, QStringList{"HF_HUB_OFFLINE=1"}}) {
      const Outcome outcome = flightdeck({"verify", "acme/tiny"}, how);
      VERIFY_SUCCESS(outcome);
      QVERIFY2(outcome.err.contains("noted at the download"), qPrintable(outcome.err));
    }
    const Outcome asked = flightdeck({"verify", "acme/tiny", "--offline"});
    VERIFY_SUCCESS(asked);
    QVERIFY(!asked.err.contains("noted at"));
    QCOMPARE(hub_->server.requests().size(), size_t{0});
    damage_weights();
    QCOMPARE(flightdeck({"verify", "acme/tiny", "--offline"}).code, 1);
  }

  void a_folder_from_nowhere_says_so() {
    const Outcome outcome = flightdeck({"verify", hub_->home.path()});
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("was not downloaded"), qPrintable(outcome.err));
  }

  void inspect_names_the_repository_of_an_engine() {
    const QDir starter(FLIGHTDECK_SOURCE_DIR "/resources/starter/model");
    for (const QString& name : starter.entryList(QDir::Files))
      hub_->server.add(name.toStdString(), {.content = contentOf(starter.filePath(name)).toStdString()});
    VERIFY_SUCCESS(flightdeck({"pull", "acme/tiny"}));
    const QString engine = hub_->home.path() + "/engine";
    VERIFY_SUCCESS(flightdeck({"build", "--model_dir", "acme/tiny", "--output_dir", engine, "--no_measure_error"}));
    const Outcome outcome = flightdeck({"inspect", engine});
    VERIFY_SUCCESS(outcome);
    const QString line = QString("repository   huggingface acme/tiny at %1").arg(HubServer::kCommit);
    QVERIFY2(outcome.out.contains(line), qPrintable(outcome.out.left(500)));
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(ModelsCommandTest)
#include "models_command_test.moc"
