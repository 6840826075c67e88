// Ctrl-C and SIGTERM: what runs is stopped cleanly, exit code 130.
#include <csignal>

#include "tests/cli/program.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

class InterruptTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  QString path(const QString& name) const { return folder_.filePath(name); }

  /// Starts the program; the caller waits for a sign of life before it interrupts.
  void start(QProcess& process, const QStringList& arguments) const {
    process.start(QStringLiteral(FLIGHTDECK_PROGRAM), arguments);
    QVERIFY(process.waitForStarted());
  }
  void interrupt(const QProcess& process, int signal) const {
    QCOMPARE(::kill(static_cast<pid_t>(process.processId()), signal), 0);
  }
  /// Waits for output of the channel that contains `part`.
  bool waitFor(QProcess& process, QProcess::ProcessChannel channel, const QByteArray& part) const {
    QByteArray seen;
    process.setReadChannel(channel);
    while (true) {
      seen += process.readAll();
      if (seen.contains(part)) return true;
      if (!process.waitForReadyRead(60'000)) return false;
    }
  }

 private Q_SLOTS:
  void initTestCase() {
    TinyModel model;
    model.hidden = 256, model.intermediate = 1024, model.layers = 8, model.context = 8192;
    VERIFY_OK(write_tiny_checkpoint(path("model").toStdString(), model));
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", path("model"), "--output_dir", path("engine"),
                               "--max_output_len", "8000", "--no_measure_error"}));
  }

  void runStops_data() {
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
  }
  void runStops() {
    QFETCH(int, signal);
    QProcess process;
    start(process, {"run", "--engine_dir", path("engine"), "--max_output_len", "7900", "--ignore_eos", "--streaming",
                    "--input_text", "go"});
    QVERIFY(waitFor(process, QProcess::StandardOutput, "Beam 0]: \""));
    interrupt(process, signal);
    QVERIFY(process.waitForFinished(20'000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(process.readAllStandardError().contains("stopped"));
  }

  void chatStopsTheAnswerAndGoesOn() {
    QProcess process;
    process.setReadChannel(QProcess::StandardOutput);
    start(process, {"chat", "--engine_dir", path("engine"), "--max_output_len", "7900", "--ignore_eos"});
    process.write("go\n");
    QVERIFY(process.waitForReadyRead(60'000) || process.bytesAvailable());
    interrupt(process, SIGINT);
    QVERIFY(waitFor(process, QProcess::StandardError, "(stopped)"));
    process.write("/stats\n/quit\n");
    QVERIFY(waitFor(process, QProcess::StandardError, "last answer: "));
    QVERIFY(process.waitForFinished(20'000));
    QCOMPARE(process.exitCode(), 0);
  }

  void buildLeavesNothingBehind() {
    QProcess process;
    start(process, {"build", "--model_dir", path("model"), "--output_dir", path("other"), "--qformat", "int4_wo"});
    QVERIFY(waitFor(process, QProcess::StandardError, "read"));
    interrupt(process, SIGINT);
    QVERIFY(process.waitForFinished(20'000));
    if (process.exitCode() == 0) QSKIP("the build was faster than the signal");
    QCOMPARE(process.exitCode(), 130);
    QVERIFY(!QFileInfo::exists(path("other")));
    QVERIFY(!QFileInfo::exists(path("other.partial")));
  }
};

QTEST_GUILESS_MAIN(InterruptTest)
#include "interrupt_test.moc"
