#include "core/engine/engine_format.h"
#include "core/executor/step_size.h"
#include "tests/core/engine/engine_fixture.h"

using namespace flightdeck;
namespace fs = std::filesystem;
using test::EngineFixture;
using test::TinyShape;

namespace {

constexpr uint64_t kPlenty = uint64_t{64} << 30;

uint64_t bytes_in(const std::string& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += entry.file_size();
  return bytes;
}

}  // namespace

class PreflightTest : public QObject {
  Q_OBJECT
 private slots:
  void sizes_are_those_of_the_build_data() {
    QTest::addColumn<int>("qformat");
    QTest::addColumn<int>("shape");
    for (int qformat = 0; qformat < 3; ++qformat)
      for (int shape = 0; shape < 3; ++shape)
        QTest::addRow("%s %d", name_of(static_cast<QFormat>(qformat)).data(), shape) << qformat << shape;
  }
  void sizes_are_those_of_the_build() {
    QFETCH(int, qformat);
    QFETCH(int, shape);
    const EngineFixture fixture({.shape = static_cast<TinyShape>(shape)});
    const BuildOptions options = fixture.options(static_cast<QFormat>(qformat));
    const auto flight = preflight(options, {kPlenty, 10e9});
    VERIFY_OK(flight);
    QVERIFY2(flight->problem.empty(), flight->problem.c_str());
    VERIFY_OK(build_engine(options));
    const auto engine = EngineDir::open(options.output_dir);
    uint64_t shared = 0;  // the tied head is stored once and packed twice
    if (static_cast<TinyShape>(shape) == TinyShape::llama_gqa_tied) shared = 320 * 64 * 2;
    QCOMPARE(flight->weight_bytes, engine->weight_bytes() + shared);
    const uint64_t on_disk = bytes_in(options.output_dir);
    QVERIFY(flight->engine_bytes >= on_disk && flight->engine_bytes < on_disk + 60'000);
    // The folder is called "model", which says nothing: the name above it counts.
    const QString above = QFileInfo(QString::fromStdString(options.model_dir)).dir().dirName();
    QCOMPARE(QString::fromStdString(flight->model_name), above);
    QCOMPARE(flight->checkpoint_bytes, engine->manifest().report.checkpoint_bytes);
  }

  void foreseen_from_the_config_alone_data() { sizes_are_those_of_the_build_data(); }
  void foreseen_from_the_config_alone() {
    QFETCH(int, qformat);
    QFETCH(int, shape);
    const EngineFixture fixture({.shape = static_cast<TinyShape>(shape)});
    BuildOptions options = fixture.options(static_cast<QFormat>(qformat));
    options.max_batch_size = 1;
    const TargetDevice device{kPlenty, 10e9, true};
    const auto known = preflight(options, device);
    VERIFY_OK(known);
    const auto foreseen = foresee(known->config, options.qformat, device);
    VERIFY_OK(foreseen);
    // The tiny rows are no multiple of 128, so INT4 falls back to a scale a row; the fixture's groups are its own.
    if (options.qformat != QFormat::int4_wo) QCOMPARE(foreseen->weight_bytes, known->weight_bytes);
    QCOMPARE(foreseen->kv_cache_bytes, known->kv_cache_bytes);
    QCOMPARE(foreseen->workspace_bytes, known->workspace_bytes);
    QCOMPARE(foreseen->run_bytes, foreseen->weight_bytes + foreseen->kv_cache_bytes + foreseen->workspace_bytes);
    QVERIFY(foreseen->weight_bytes < known->weight_bytes * 11 / 10);
  }

  void numbers_of_a_known_shape() {
    const EngineFixture fixture;  // 2 layers of 4 heads of 16, context 128
    BuildOptions options = fixture.options();
    options.max_batch_size = 3;
    const auto flight = preflight(options, {kPlenty, 10e9});
    QCOMPARE(flight->kv_bytes_per_token, uint64_t{2 * 2 * 4 * 16 * 2});
    QCOMPARE(flight->kv_cache_bytes, 3 * 128 * flight->kv_bytes_per_token);
    QCOMPARE(flight->run_bytes, flight->weight_bytes + flight->kv_cache_bytes + flight->workspace_bytes);
    const uint64_t table = 320 * 64 * 2;  // a token reads one row of it
    QCOMPARE(qRound(flight->decode_tokens_per_s),
             qRound(10e9 * 0.75 / static_cast<double>(flight->weight_bytes - table + 128)));
    options.kv_cache_dtype = "float32";
    QCOMPARE(preflight(options, {kPlenty, 0})->kv_bytes_per_token, 2 * flight->kv_bytes_per_token);
    QCOMPARE(preflight(options, {kPlenty, 0})->decode_tokens_per_s, 0.0);
  }

  /// What a GPU allocates is what the estimate said: two bytes an activation, its own length of a step, a half cache.
  void a_gpus_numbers_are_its_own() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    options.kv_cache_dtype = "float32";
    const auto cpu = preflight(options, {kPlenty, 0, false}), gpu = preflight(options, {kPlenty, 0, true});
    VERIFY_OK(gpu);
    QCOMPARE(gpu->weight_bytes, cpu->weight_bytes);
    QCOMPARE(2 * gpu->kv_bytes_per_token, cpu->kv_bytes_per_token);
    QVERIFY(gpu->workspace_bytes > cpu->workspace_bytes);
    VERIFY_OK(build_engine(options));
    const auto plan = EngineDir::open(options.output_dir)->plan();
    uint64_t bytes = 0;
    for (const size_t slot : slot_bytes(plan, DType::f16, 2048, 64)) bytes += slot;
    const uint64_t table = 128 * 16 * sizeof(float);
    QCOMPARE(gpu->workspace_bytes, bytes + table + (uint64_t{160} << 20));
  }

  void too_little_memory_says_what_helps() {
    const EngineFixture fixture({.vocab = 400, .hidden = 256, .intermediate = 1024, .layers = 8, .context = 16384});
    BuildOptions options = fixture.options(QFormat::full_prec);
    const auto flight = preflight(options, {kPlenty, 0});
    const uint64_t fixed = flight->weight_bytes + flight->workspace_bytes;
    const uint64_t cache = 16384 * flight->kv_bytes_per_token;
    QVERIFY2(preflight(options, {fixed + cache, 0})->problem.empty(), flight->problem.c_str());
    const std::string shorter = preflight(options, {fixed + cache / 2, 0})->problem;
    QVERIFY2(shorter.find("a context of 8192") != shorter.npos, shorter.c_str());
    const std::string smaller = preflight(options, {fixed + cache - 1, 0})->problem;
    QVERIFY2(smaller.find("choose INT8 or a context of 8192") != smaller.npos, smaller.c_str());
    const std::string never = preflight(options, {1000, 0})->problem;
    QVERIFY2(never.find("1000 bytes free: choose a smaller model") != never.npos, never.c_str());
  }

  void wrong_input_is_an_error() {
    BuildOptions options;
    options.model_dir = "/nowhere";
    VERIFY_ERROR(preflight(options, {}), ErrorKind::not_found, "/nowhere");
  }
};

QTEST_GUILESS_MAIN(PreflightTest)
#include "preflight_test.moc"
