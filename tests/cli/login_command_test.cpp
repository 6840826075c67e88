// `flightdeck login` and `logout` as a user calls them: in a pipe, at a terminal, and with a real keyring.
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/cli/program.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class LoginCommandTest : public QObject {
  Q_OBJECT

  QString own_file() const { return hub_->home.path() + "/flightdeck/config/tokens/huggingface"; }

  /// A desktop session's variables with a home of its own: no FLIGHTDECK_HOME, which would keep the keyring out.
  QProcessEnvironment desktop(const QString& home) const {
    QDir().mkpath(home + "/run");
    chmod(qPrintable(home + "/run"), 0700);
    QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
    for (const char* name : {"FLIGHTDECK_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS"})
      variables.remove(name);
    variables.insert("HOME", home);
    variables.insert("XDG_RUNTIME_DIR", home + "/run");
    variables.insert("HF_ENDPOINT", QString::fromStdString(hub_->server.endpoint()));
    return variables;
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void a_token_from_a_pipe_is_kept_and_sent() {
    const Outcome in = runProgram({"login"}, "hf_verysecret\nmore\n");
    VERIFY_SUCCESS(in);
    QVERIFY2(in.out.contains(own_file()), qPrintable(in.out));
    QVERIFY(!(in.out + in.err).contains("verysecret"));
    hub_->add_weights(1000);
    const Outcome pulled = runProgram({"--verbose", "pull", "acme/tiny"}, {},
                                      {"HF_ENDPOINT=" + QString::fromStdString(hub_->server.endpoint())});
    VERIFY_SUCCESS(pulled);
    QVERIFY(!(pulled.out + pulled.err).contains("verysecret"));
    QCOMPARE(hub_->server.requests().front().header("authorization"), std::string("Bearer hf_verysecret"));
    VERIFY_SUCCESS(runProgram({"logout"}));
    QVERIFY(!QFile::exists(own_file()));
  }

  void each_hub_has_its_own() {
    VERIFY_SUCCESS(runProgram({"login", "--source", "modelscope"}, "ms_secret"));
    QVERIFY(!QFile::exists(own_file()));
    QCOMPARE((*find_token(HubKind::model_scope))->secret(), std::string("ms_secret"));
    QCOMPARE(runProgram({"login", "--source", "elsewhere"}, "x").code, 1);
  }

  void a_token_on_the_command_line_is_refused_and_not_repeated() {
    const Outcome outcome = runProgram({"login", "hf_verysecret"}, "hf_other");
    QCOMPARE(outcome.code, 1);
    QVERIFY2(outcome.err.contains("paste"), qPrintable(outcome.err));
    QVERIFY(!(outcome.out + outcome.err).contains("verysecret"));
    QVERIFY(!QFile::exists(own_file()));
  }

  void no_token_is_an_error() {
    for (const char* text : {"", "\n", "two words"}) {
      const Outcome outcome = runProgram({"login"}, text);
      QCOMPARE(outcome.code, 1);
      QVERIFY2(outcome.err.contains("copy it again"), qPrintable(outcome.err));
    }
    QVERIFY(!QFile::exists(own_file()));
  }

  void another_token_that_comes_first_is_named() {
    const Outcome in = runProgram({"login"}, "hf_mine", {"HF_TOKEN=hf_first"});
    VERIFY_SUCCESS(in);
    QVERIFY2(in.out.contains("the one of HF_TOKEN comes first"), qPrintable(in.out));
    const Outcome out = runProgram({"logout"}, {}, {"HF_TOKEN=hf_first"});
    VERIFY_SUCCESS(out);
    QVERIFY2(out.err.contains("HF_TOKEN still gives one"), qPrintable(out.err));
  }

  void a_terminal_shows_nothing_and_is_as_before() {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    QVERIFY(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const QByteArray name = ptsname(terminal);
    const int inside = open(name.constData(), O_RDWR | O_NOCTTY);
    QVERIFY(inside >= 0);
    QProcess process;
    process.setStandardInputFile(QString::fromUtf8(name));
    process.setReadChannel(QProcess::StandardError);
    process.start(QStringLiteral(FLIGHTDECK_PROGRAM), {"login"});
    QByteArray said;
    while (!said.contains("nothing is shown") && process.waitForReadyRead(30'000))
      said += process.readAllStandardError();
    QVERIFY2(said.contains("nothing is shown"), said.constData());
    QCOMPARE(::write(terminal, "hf_verysecret\n", 14), ssize_t{14});
    QVERIFY(process.waitForFinished(30'000));
    QCOMPARE(process.exitCode(), 0);
    termios state{};
    QCOMPARE(tcgetattr(inside, &state), 0);
    QVERIFY(state.c_lflag & ECHO);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    char echoed[256] = {};
    const ssize_t count = read(terminal, echoed, sizeof echoed - 1);
    QVERIFY2(count <= 0 || !QByteArray(echoed).contains("secret"), echoed);
    QCOMPARE(contentOf(own_file()), QByteArray("hf_verysecret\n"));
    close(inside);
    close(terminal);
  }

  void a_session_without_a_keyring_uses_the_file() {
    if (QStandardPaths::findExecutable("dbus-run-session").isEmpty()) QSKIP("dbus-run-session is missing");
    const QString home = hub_->home.path() + "/user", bus = hub_->home.path() + "/bus.conf";
    writeContent(
        bus,
        "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context='default'>"
        "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>");
    QProcess session;
    session.setProcessEnvironment(desktop(home));
    session.start("dbus-run-session", {"--config-file=" + bus, "--", "sh", "-c", "printf hf_mine | \"$0\" login",
                                       QStringLiteral(FLIGHTDECK_PROGRAM)});
    QVERIFY(session.waitForFinished(60'000));
    QVERIFY2(session.exitCode() == 0, session.readAllStandardError().constData());
    QCOMPARE(contentOf(home + "/.config/flightdeck/tokens/huggingface"), QByteArray("hf_mine\n"));
  }

  void a_keyring_is_preferred_to_a_file() {
    for (const char* tool : {"dbus-run-session", "gnome-keyring-daemon"})
      if (QStandardPaths::findExecutable(tool).isEmpty()) QSKIP("dbus-run-session or gnome-keyring-daemon is missing");
    const QString home = hub_->home.path() + "/user";
    QProcess session;
    session.setProcessEnvironment(desktop(home));
    hub_->add_weights(1000);
    session.start("dbus-run-session",
                  {"--", "sh", "-c",
                   "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 77\n"
                   "printf hf_verysecret | \"$0\" login && \"$0\" pull acme/tiny && \"$0\" logout && \"$0\" logout && "
                   "\"$0\" pull acme/tiny",
                   QStringLiteral(FLIGHTDECK_PROGRAM)});
    QVERIFY(session.waitForFinished(120'000));
    const QString out = QString::fromUtf8(session.readAllStandardOutput());
    const QString err = QString::fromUtf8(session.readAllStandardError());
    if (session.exitCode() == 77) QSKIP("gnome-keyring-daemon does not start here");
    QVERIFY2(session.exitCode() == 0, qPrintable(out + err));
    if (!out.contains("keyring")) QSKIP("this build knows no keyring (libsecret-1-dev was missing)");
    QVERIFY(!QFile::exists(home + "/.config/flightdeck/tokens/huggingface"));
    QVERIFY(!(out + err).contains("verysecret"));
    const auto requests = hub_->server.requests();
    QCOMPARE(requests.front().header("authorization"), std::string("Bearer hf_verysecret"));
    QCOMPARE(requests.back().header("authorization"), std::string());  // after the logout
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(LoginCommandTest)
#include "login_command_test.moc"
