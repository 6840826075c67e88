// `flightdeck pull` as a user calls it, and `build` with the name of what it downloaded.
#include <csignal>

#include "tests/cli/program.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class PullCommandTest : public QObject {
  Q_OBJECT

  QStringList environment(const QStringList& more = {}) const {
    return QStringList{"HF_ENDPOINT=" + QString::fromStdString(hub_->server.endpoint()),
                       "MODELSCOPE_ENDPOINT=" + QString::fromStdString(hub_->server.endpoint())} +
           more;
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void prints_the_folder() {
    hub_->add_weights(100'000);
    const Outcome outcome = runProgram({"pull", "acme/tiny"}, {}, environment());
    VERIFY_SUCCESS(outcome);
    const std::string folder = outcome.out.trimmed().toStdString();
    QVERIFY(content_of(folder + "/model.safetensors") == hub_->weights);
    QVERIFY(!outcome.err.contains('\r'));
  }

  void flags() {
    hub_->add_weights(1000);
    const QString here = hub_->home.path() + "/here";
    VERIFY_SUCCESS(runProgram({"pull", "acme/tiny", "--source", "modelscope", "--exclude", "*.safetensors",
                               "--local-dir", here, "--token", "ms_secret"},
                              {}, environment()));
    QCOMPARE(contentOf(here + "/config.json"), QByteArray("{\"model_type\":\"llama\"}"));
    QVERIFY(!QFile::exists(here + "/model.safetensors"));
    QCOMPARE(hub_->server.requests().front().header("authorization"), std::string("Bearer ms_secret"));
  }

  void exit_codes_and_messages() {
    const auto check = [](const Outcome& outcome, int code, const char* message) {
      QCOMPARE(outcome.code, code);
      QVERIFY2(outcome.err.contains(message), qPrintable(outcome.err));
    };
    check(runProgram({"pull"}, {}, environment()), 2, "repository");
    check(runProgram({"pull", "nonsense"}, {}, environment()), 1, "OWNER/NAME");
    check(runProgram({"pull", "acme/tiny", "--source", "elsewhere"}, {}, environment()), 1,
          "huggingface and modelscope");
    check(runProgram({"pull", "acme/tiny"}, {}, environment({"HF_HUB_OFFLINE=1"})), 1, "HF_HUB_OFFLINE");
    hub_->server.add_fault({.matches = "/revision/", .status = 403, .headers = {{"X-Error-Code", "GatedRepo"}}});
    check(runProgram({"pull", "acme/tiny"}, {}, environment()), 1, "accept its licence at http://127.0.0.1");
  }

  void a_token_is_never_written_down() {
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .status = 403});
    const Outcome outcome = runProgram({"--verbose", "pull", "acme/tiny", "--exclude", "model*"}, {},
                                       environment({"HF_TOKEN=hf_verysecret"}));
    VERIFY_SUCCESS(outcome);
    QVERIFY(!outcome.err.contains("verysecret") && !outcome.out.contains("verysecret"));
    QDirIterator files(hub_->home.path(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
    while (files.hasNext()) QVERIFY(!contentOf(files.next()).contains("verysecret"));
  }

  void ctrl_c_leaves_what_the_next_run_continues() {
    hub_->add_weights(2'000'000);
    hub_->server.set_drip(2'000'000);
    QProcess process;
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    variables.insert("HF_ENDPOINT", QString::fromStdString(hub_->server.endpoint()));
    process.setProcessEnvironment(variables);
    process.start(QStringLiteral(FLIGHTDECK_PROGRAM), {"pull", "acme/tiny"});
    QVERIFY(hub_->server.wait_for_request("/blob/model"));
    const auto partial_bytes = [this] {
      for (const std::string& name : hub_->blobs())
        if (name.ends_with(".incomplete") && name.size() > 64)
          return std::filesystem::file_size(hub_->repo_dir() + "/blobs/" + name);
      return std::uintmax_t{0};
    };
    QTRY_VERIFY_WITH_TIMEOUT(partial_bytes() > 100'000, 10'000);
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(10'000));
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(process.readAllStandardError().contains("the same command goes on from there"));
    hub_->server.set_drip(0);
    hub_->server.forget_requests();
    VERIFY_SUCCESS(runProgram({"pull", "acme/tiny"}, {}, environment()));
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    const QString range = QString::fromStdString(hub_->ranges().back());
    QVERIFY2(range.startsWith("bytes=") && range.mid(6).section('-', 0, 0).toInt() > 100'000, qPrintable(range));
  }

  void build_takes_the_name_of_a_downloaded_model() {
    const QString missing = hub_->home.path() + "/none";
    const Outcome outcome =
        runProgram({"build", "--model_dir", "acme/tiny", "--output_dir", missing}, {}, environment());
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("flightdeck pull acme/tiny"), qPrintable(outcome.err));
    const QDir starter(FLIGHTDECK_SOURCE_DIR "/resources/starter/model");
    for (const QString& name : starter.entryList(QDir::Files))
      hub_->server.add(name.toStdString(), {.content = contentOf(starter.filePath(name)).toStdString()});
    VERIFY_SUCCESS(runProgram({"pull", "acme/tiny"}, {}, environment()));
    const QString engine = hub_->home.path() + "/engine";
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", "acme/tiny", "--output_dir", engine, "--no_measure_error"}, {},
                              environment()));
    QVERIFY(QFile::exists(engine + "/engine.json"));
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(PullCommandTest)
#include "pull_command_test.moc"
