#include "core/engine/builder.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>

#include "core/base/sha256.h"
#include "core/engine/build_plan.h"
#include "core/engine/source_files.h"
#include "core/engine/weight_source.h"
#include "core/quantize/row_encoder.h"
#include "tests/core/engine/engine_fixture.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::EngineFixture;
using test::TinyModel;
using test::TinyShape;

namespace {

/// The largest |engine - checkpoint| of a matrix, in units of the scale of its place (of the value, for float formats).
/// int4 may clip the largest weights of a group for the sake of the others: those count from where the codes end.
double worst_deviation(const EngineDir& engine, const Checkpoint& checkpoint, const WeightSpec& spec) {
  const WeightSource source = WeightSource::open(checkpoint, spec).value();
  const WeightView view = engine.weight(spec).value();
  std::vector<float> wanted(static_cast<size_t>(view.cols)), found(wanted.size());
  double worst = 0;
  for (int64_t row = 0; row < view.rows; ++row) {
    source.read(row, row + 1, wanted.data());
    decode_row(view, row, found.data());
    for (size_t col = 0; col < wanted.size(); ++col) {
      const auto r = static_cast<size_t>(row);
      double value = wanted[col], unit = std::abs(value) + 1e-4;
      if (view.format == WeightFormat::int8_channel) unit = view.scales[r];
      if (view.format == WeightFormat::int4_group) {
        unit = view.scales[(r * wanted.size() + col) / static_cast<size_t>(view.group_size)];
        value = std::clamp(value / unit, -8.0, 7.0) * unit;
      }
      worst = std::max(worst, std::abs((value - found[col]) / unit));
    }
  }
  return worst;
}

double allowed(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return 0;
    case WeightFormat::f16:
      return 0x1p-11;  // only a normalised head is rounded: the checkpoints are f16
    case WeightFormat::bf16:
      return 0x1p-8;
    case WeightFormat::int8_channel:
    case WeightFormat::int4_group:
      return 0.5001;
  }
  return 0;
}

/// Overwrites elements of a tensor of the fixture's f16 checkpoint.
void poke(const EngineFixture& fixture, const std::string& tensor, uint16_t bits, size_t count) {
  const std::string path = fixture.model_dir() + "/model.safetensors";
  size_t at = 0;
  {
    const Checkpoint checkpoint = Checkpoint::open(fixture.model_dir()).value();
    const SafetensorsFile file = SafetensorsFile::open(path).value();
    for (const TensorInfo& info : file.tensors())
      if (info.name == tensor) at = static_cast<size_t>(info.data.data() - file.file().bytes().data());
  }
  std::string bytes = test::read_bytes(path);
  for (size_t i = 0; i < count; ++i) std::memcpy(bytes.data() + at + 2 * i, &bits, 2);
  test::write_bytes(path, bytes);
}

}  // namespace

class BuilderTest : public QObject {
  Q_OBJECT
 private slots:
  void row65_round_trip_data() {
    QTest::addColumn<int>("shape");
    QTest::addColumn<int>("qformat");
    QTest::addColumn<int>("group");
    QTest::addColumn<QString>("dtype");
    QTest::addColumn<bool>("head");
    const int llama = 0, tied = 1, baichuan = 2, full = 0, int8 = 1, int4 = 2;
    QTest::newRow("llama float16") << llama << full << 0 << "auto" << false;
    QTest::newRow("llama float32") << llama << full << 0 << "float32" << false;
    QTest::newRow("llama bfloat16") << llama << full << 0 << "bfloat16" << false;
    QTest::newRow("llama int8") << llama << int8 << 0 << "auto" << true;
    QTest::newRow("llama int4 g32") << llama << int4 << 32 << "auto" << false;
    QTest::newRow("llama int4 row") << llama << int4 << 0 << "auto" << true;
    QTest::newRow("tied int8") << tied << int8 << 0 << "auto" << false;
    QTest::newRow("tied int8 head") << tied << int8 << 0 << "auto" << true;
    QTest::newRow("tied int4 head") << tied << int4 << 128 << "auto" << true;
    QTest::newRow("baichuan float16") << baichuan << full << 0 << "auto" << false;
    QTest::newRow("baichuan int8") << baichuan << int8 << 0 << "auto" << true;
    QTest::newRow("baichuan int4 g64") << baichuan << int4 << 64 << "bfloat16" << false;
  }
  void row65_round_trip() {
    QFETCH(int, shape);
    QFETCH(int, qformat);
    QFETCH(int, group);
    QFETCH(QString, dtype);
    QFETCH(bool, head);
    const EngineFixture fixture({.shape = static_cast<TinyShape>(shape)});
    BuildOptions options = fixture.options(static_cast<QFormat>(qformat));
    options.group_size = group;
    options.dtype = dtype.toStdString();
    options.quantize_lm_head = head;
    const auto built = build_engine(options);
    VERIFY_OK(built);
    const auto engine = EngineDir::open(options.output_dir);
    VERIFY_OK(engine);
    VERIFY_OK(engine->verify());
    QVERIFY(to_json(engine->manifest()) == to_json(*built));
    QVERIFY(built->report.top1_agreement > 0.5 && built->report.mean_logit_error >= 0);
    const auto checkpoint = Checkpoint::open(fixture.model_dir());
    for (const WeightSpec& spec : engine->plan().weights) {
      if (spec.role == WeightRole::vector) {
        QCOMPARE(engine->vector(spec).value().size(), static_cast<size_t>(spec.cols));
        continue;
      }
      const WeightView view = engine->weight(spec).value();
      const double worst = worst_deviation(*engine, *checkpoint, spec);
      QVERIFY2(worst <= allowed(view.format), qPrintable(QString("%1 %2").arg(spec.name.c_str()).arg(worst)));
    }
  }

  void what_is_quantized_and_what_is_shared() {
    const EngineFixture fixture({.shape = TinyShape::llama_gqa_tied});
    BuildOptions options = fixture.options(QFormat::int4_wo);
    VERIFY_OK(build_engine(options));
    auto engine = EngineDir::open(options.output_dir).value();
    const auto view_of = [&](WeightRole role) {
      for (const WeightSpec& spec : engine.plan().weights)
        if (spec.role == role) return engine.weight(spec).value();
      return WeightView{};
    };
    QVERIFY(view_of(WeightRole::embedding).format == WeightFormat::f16);
    QVERIFY(view_of(WeightRole::lm_head).data == view_of(WeightRole::embedding).data);
    QCOMPARE(view_of(WeightRole::linear).group_size, 64);  // 128 does not divide the 64 columns
    options.quantize_lm_head = options.overwrite = true;
    VERIFY_OK(build_engine(options));
    engine = EngineDir::open(options.output_dir).value();
    QVERIFY(view_of(WeightRole::lm_head).format == WeightFormat::int4_group);
    QVERIFY(view_of(WeightRole::embedding).format == WeightFormat::f16);
  }

  void full_precision_has_no_error_and_int8_little() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options(QFormat::full_prec);
    const auto full = build_engine(options);
    VERIFY_OK(full);
    QCOMPARE(full->report.max_logit_error, 0.0);
    QCOMPARE(full->report.top1_agreement, 1.0);
    options = fixture.options(QFormat::int8_wo, "int8");
    const auto int8 = build_engine(options);
    QVERIFY(int8->report.max_logit_error > 0 && int8->report.mean_logit_error < 0.05);
    QVERIFY(int8->report.operations_after < int8->report.operations_before);
    QVERIFY(int8->report.passes.size() == all_passes().size() && int8->report.phase_seconds.size() == 5);
    QVERIFY(int8->report.engine_bytes < full->report.engine_bytes && int8->report.peak_host_bytes > 0);
    options = fixture.options(QFormat::int8_wo, "quick");
    options.measure_error = false;
    QCOMPARE(build_engine(options)->report.max_logit_error, -1.0);
  }

  void the_same_build_gives_the_same_weights_on_any_number_of_threads() {
    const EngineFixture fixture;
    BuildOptions one = fixture.options(QFormat::int4_wo, "one"), three = fixture.options(QFormat::int4_wo, "three");
    one.threads = 1;
    three.threads = 3;
    const auto first = build_engine(one), second = build_engine(three);
    VERIFY_OK(first);
    VERIFY_OK(second);
    QVERIFY(first->checksums == second->checksums);
  }

  void progress_goes_forward() {
    const EngineFixture fixture;
    std::vector<BuildProgress> seen;
    VERIFY_OK(build_engine(fixture.options(), [&](const BuildProgress& progress) { seen.push_back(progress); }));
    QVERIFY(seen.size() >= 5 && seen.front().phase == BuildPhase::read && seen.back().phase == BuildPhase::write);
    for (size_t i = 1; i < seen.size(); ++i) {
      QVERIFY(seen[i].fraction >= seen[i - 1].fraction && seen[i].fraction <= 1);
      QVERIFY(seen[i].phase >= seen[i - 1].phase);
    }
  }

  void row32_numbers_that_are_none_are_refused_by_name_and_count() {
    const EngineFixture fixture;
    poke(fixture, "model.layers.1.mlp.up_proj.weight", 0x7e00, 3);
    VERIFY_ERROR(build_engine(fixture.options()), ErrorKind::corrupt,
                 "tensor 'model.layers.1.mlp.up_proj.weight' holds 3 values that are infinite or not a number");
    poke(fixture, "model.layers.1.mlp.up_proj.weight", 0x0000, 128 * 64);
    VERIFY_ERROR(build_engine(fixture.options()), ErrorKind::corrupt,
                 "all 8192 values of tensor 'model.layers.1.mlp.up_proj.weight' are zero");
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
  }

  void a_value_too_large_for_float16_is_refused() {
    const EngineFixture fixture({.dtype = DType::bf16});
    poke(fixture, "model.embed_tokens.weight", 0x4900, 2);  // 524288 in bfloat16
    BuildOptions options = fixture.options();
    options.dtype = "float16";
    VERIFY_ERROR(build_engine(options), ErrorKind::invalid_input, "2 values of 'model.embed_tokens.weight'");
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
  }

  void groups_that_fit_nowhere_name_the_tensor() {
    const EngineFixture fixture({.intermediate = 172});
    VERIFY_ERROR(build_engine(fixture.options(QFormat::int4_wo)), ErrorKind::invalid_input,
                 "model.layers.0.mlp.down_proj.weight has 172 columns");
    BuildOptions options = fixture.options(QFormat::int4_wo);
    options.group_size = 0;
    VERIFY_OK(build_engine(options));
  }

  void wrong_options_data() {
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("message");
    QTest::newRow("dtype") << "dtype"
                           << "float8"
                           << "there is no dtype 'float8'";
    QTest::newRow("group") << "group"
                           << "48"
                           << "group_size is 48";
    QTest::newRow("kv") << "kv"
                        << "int8"
                        << "kv_cache_dtype int8 is not supported yet";
    QTest::newRow("batch") << "batch"
                           << "0"
                           << "max_batch_size is 0";
    QTest::newRow("block") << "block"
                           << "-1"
                           << "tokens_per_block is -1";
    QTest::newRow("input") << "input"
                           << "128"
                           << "do not fit the model's context of 128 tokens";
    QTest::newRow("output") << "output"
                            << "200"
                            << "do not fit the model's context of 128 tokens";
    QTest::newRow("negative") << "output"
                              << "-3"
                              << "must be positive";
    QTest::newRow("pass") << "pass"
                          << "fuse_all"
                          << "there is no pass \"fuse_all\"";
    QTest::newRow("no name") << "name"
                             << ""
                             << "name a directory";
    QTest::newRow("partial") << "name"
                             << "x.partial"
                             << "unfinished builds";
    QTest::newRow("model") << "model"
                           << "/nowhere"
                           << "/nowhere";
  }
  void wrong_options() {
    QFETCH(QString, field);
    QFETCH(QString, value);
    QFETCH(QString, message);
    const EngineFixture fixture;
    BuildOptions options = fixture.options(QFormat::int4_wo);
    const std::string text = value.toStdString();
    if (field == "dtype") options.dtype = text;
    if (field == "group") options.group_size = value.toInt();
    if (field == "kv") options.kv_cache_dtype = text;
    if (field == "batch") options.max_batch_size = value.toInt();
    if (field == "block") options.tokens_per_block = value.toInt();
    if (field == "input") options.max_input_len = value.toInt();
    if (field == "output") options.max_output_len = value.toInt();
    if (field == "pass") options.disabled_passes = {text};
    if (field == "name") options.output_dir = text.empty() ? "" : fixture.path(text);
    if (field == "model") options.model_dir = text;
    const auto built = build_engine(options);
    QVERIFY(!built);
    QVERIFY2(built.error().message.find(message.toStdString()) != std::string::npos, built.error().message.c_str());
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
  }

  void lengths_follow_from_the_context() {
    const EngineFixture fixture;
    const auto checkpoint = Checkpoint::open(fixture.model_dir());
    BuildOptions options = fixture.options();
    const auto both = manifest_for(options, *checkpoint);
    QVERIFY(both->max_output_len == 32 && both->max_input_len == 96);
    options.max_input_len = 120;
    const auto output = manifest_for(options, *checkpoint);
    QVERIFY(output->max_output_len == 8 && output->max_input_len == 120);
    options.max_input_len = 0;
    options.max_output_len = 100;
    QCOMPARE(manifest_for(options, *checkpoint)->max_input_len, 28);
  }

  void an_existing_engine_is_replaced_only_when_asked() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    VERIFY_OK(build_engine(options));
    VERIFY_ERROR(build_engine(options), ErrorKind::invalid_input, "exists already");
    options.overwrite = true;
    options.qformat = QFormat::full_prec;
    VERIFY_OK(build_engine(options));
    QVERIFY(EngineDir::open(options.output_dir)->manifest().qformat == QFormat::full_prec);
    QCOMPARE(fixture.entries(), std::vector<std::string>{"engine"});
    options.output_dir = fixture.model_dir();  // not an engine: never removed
    VERIFY_ERROR(build_engine(options), ErrorKind::invalid_input, "is not an engine and will not be replaced");
  }

  void row57_a_newer_engine_is_never_overwritten() {
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    options.overwrite = true;
    std::filesystem::create_directory(options.output_dir);
    test::write_bytes(options.output_dir + "/engine.json", R"({"format_version": 99})");
    VERIFY_ERROR(build_engine(options), ErrorKind::invalid_input, "newer Flightdeck");
    QCOMPARE(test::read_bytes(options.output_dir + "/engine.json"), std::string(R"({"format_version": 99})"));
  }

  void row63_two_builds_of_one_target() {
    const EngineFixture fixture;
    std::optional<Result<EngineManifest>> inner;
    const auto outer = build_engine(fixture.options(), [&](const BuildProgress& progress) {
      if (progress.phase == BuildPhase::write && !inner) inner = build_engine(fixture.options());
    });
    VERIFY_OK(outer);
    VERIFY_ERROR(*inner, ErrorKind::busy, "another build of this engine is running");
  }

  void row63_cancel_leaves_nothing_data() {
    QTest::addColumn<int>("phase");
    for (int phase = 0; phase < 5; ++phase)
      QTest::newRow(std::string(name_of(static_cast<BuildPhase>(phase))).c_str()) << phase;
  }
  void row63_cancel_leaves_nothing() {
    QFETCH(int, phase);
    const EngineFixture fixture;
    std::stop_source stop;
    const auto built = build_engine(
        fixture.options(),
        [&](const BuildProgress& progress) {
          if (static_cast<int>(progress.phase) == phase) stop.request_stop();
        },
        stop.get_token());
    VERIFY_ERROR(built, ErrorKind::cancelled, "cancelled");
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
  }

  void row60_disk_is_checked_beforehand() {
    QCOMPARE(disk_problem("/e", 1000, 1050), std::string());
    const std::string problem = disk_problem("/e", uint64_t{9} << 30, uint64_t{7} << 30);
    QVERIFY2(problem.find("9.4 GiB") != problem.npos && problem.find("7.0 GiB are free") != problem.npos,
             problem.c_str());
  }

  void row60_a_write_that_fails_leaves_nothing() {
    const EngineFixture fixture;
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{100'000, 100'000};  // as a full disk: the weights do not fit
      setrlimit(RLIMIT_FSIZE, &limit);
      const auto built = build_engine(fixture.options());
      _exit(built ? 1 : built.error().kind == ErrorKind::io ? 0 : 2);
    }
    int status = -1;
    waitpid(child, &status, 0);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 0);
    QCOMPARE(fixture.entries(), std::vector<std::string>{});
  }

  void row61_the_sources_are_recorded() {
    const EngineFixture fixture;
    const auto built = build_engine(fixture.options());
    VERIFY_OK(built);
    QCOMPARE(built->source, fixture.model_dir());
    const std::string weights = fixture.model_dir() + "/model.safetensors";
    QCOMPARE(built->source_files.at("model.safetensors"), *sha256_of_file(weights));
    QCOMPARE(*stale_sources(*built), std::vector<std::string>{});
    std::ofstream(weights, std::ios::app) << "x";
    QCOMPARE(*stale_sources(*built), std::vector<std::string>{"model.safetensors"});
    std::filesystem::remove(weights);
    QCOMPARE(*stale_sources(*built), std::vector<std::string>{"model.safetensors"});
    QVERIFY(built->checksums.count("tokenizer.model") && built->checksums.count("generation_config.json"));
  }

  void a_hub_s_repository_is_recorded() {
    const EngineFixture fixture;
    const std::string commit(40, 'a');
    const std::string snapshot = fixture.path("hub/models--acme--tiny/snapshots/" + commit);
    std::filesystem::create_directories(fixture.path("hub/models--acme--tiny/snapshots"));
    std::filesystem::rename(fixture.model_dir(), snapshot);
    BuildOptions options = fixture.options();
    options.model_dir = snapshot;
    VERIFY_OK(build_engine(options));
    const EngineManifest manifest = EngineDir::open(options.output_dir)->manifest();
    QCOMPARE(manifest.hub, std::string("huggingface"));
    QCOMPARE(manifest.repository, std::string("acme/tiny"));
    QCOMPARE(manifest.revision, commit);
    Json json = to_json(manifest);
    json["repository"] = "../acme\n";
    VERIFY_ERROR(manifest_from_json(json, "engine.json"), ErrorKind::corrupt, "not a repository of a hub");
    for (const char* key : {"hub", "repository", "revision"}) json.erase(key);  // an engine of before
    VERIFY_OK(manifest_from_json(json, "engine.json"));
  }

  void the_trained_model_of_shared_data() {
    const std::string model = test::shared_data("models/stories260K-hf");
    SKIP_WITHOUT(model);
    const EngineFixture fixture;
    BuildOptions options = fixture.options();
    options.model_dir = model;
    const auto int8 = build_engine(options);
    VERIFY_OK(int8);
    QVERIFY(int8->report.top1_agreement > 0.9);
    options.overwrite = true;
    options.qformat = QFormat::int4_wo;
    VERIFY_ERROR(build_engine(options), ErrorKind::invalid_input, "172 columns");
    VERIFY_OK(EngineDir::open(options.output_dir));  // the older one is still there
    options.group_size = 0;
    const auto int4 = build_engine(options);
    VERIFY_OK(int4);
    QVERIFY(int4->report.top1_agreement > 0.6 && int4->report.engine_bytes < int8->report.engine_bytes);
  }
};

QTEST_GUILESS_MAIN(BuilderTest)
#include "builder_test.moc"
