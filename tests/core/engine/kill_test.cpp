// A build killed at any moment leaves no engine, or a whole one.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/core/engine/engine_fixture.h"

using namespace flightdeck;
using test::EngineFixture;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kRounds = 30;

/// Runs the build in a child that is killed after `delay`; true when it ended by itself.
bool build_and_kill(const BuildOptions& options, std::chrono::microseconds delay) {
  const pid_t child = fork();
  if (child == 0) _exit(build_engine(options) ? 0 : 1);
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status);
}

std::chrono::microseconds duration_of_a_build(const BuildOptions& options) {
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) _exit(build_engine(options) ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

}  // namespace

class KillTest : public QObject {
  Q_OBJECT
 private slots:
  void row59_no_engine_or_a_whole_one() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    options.threads = 1;
    const std::string source = test::read_bytes(options.model_dir + "/model.safetensors");
    const auto whole = duration_of_a_build(options);
    std::filesystem::remove_all(options.output_dir);
    std::mt19937 random(59);
    for (int round = 0; round < kRounds; ++round) {
      build_and_kill(options, whole * (random() % 1200) / 1000);
      if (std::filesystem::exists(options.output_dir)) {
        const auto engine = EngineDir::open(options.output_dir);
        VERIFY_OK(engine);
        VERIFY_OK(engine->verify());
        std::filesystem::remove_all(options.output_dir);
      }
    }
    remove_partial_builds(fixture.path(""));
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
    QVERIFY(test::read_bytes(options.model_dir + "/model.safetensors") == source);
    VERIFY_OK(build_engine(options));
  }

  void row59_a_replaced_engine_is_the_old_or_the_new_one() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    options.overwrite = true;
    options.threads = 1;
    options.measure_error = false;
    const auto whole = duration_of_a_build(options);
    std::mt19937 random(60);
    for (int round = 0; round < kRounds; ++round) {
      options.qformat = round % 2 ? QFormat::int8_wo : QFormat::full_prec;
      build_and_kill(options, whole * (random() % 1200) / 1000);
      const auto engine = EngineDir::open(options.output_dir);
      VERIFY_OK(engine);
      VERIFY_OK(engine->verify());
    }
    remove_partial_builds(fixture.path(""));
    QCOMPARE(fixture.entries(), std::vector<std::string>{"engine"});
  }
};

QTEST_GUILESS_MAIN(KillTest)
#include "kill_test.moc"
