#include "core/engine/engine_format.h"
#include "core/engine/weight_writer.h"
#include "tests/core/engine/engine_fixture.h"

using namespace flightdeck;
using test::EngineFixture;

namespace {

/// Matrices of these rows and columns; the first is the embedding.
Plan plan_of(const std::vector<std::pair<int64_t, int64_t>>& shapes) {
  Plan plan;
  for (const auto& [rows, cols] : shapes) {
    const std::string name = fmt::format("w{}", plan.weights.size());
    const WeightRole role = plan.weights.empty() ? WeightRole::embedding : WeightRole::linear;
    plan.weights.push_back({name, role, rows, cols, {{name}}, false});
  }
  return plan;
}

EngineManifest manifest_of(QFormat qformat, int group = 0) {
  EngineManifest manifest;
  manifest.qformat = qformat;
  manifest.group_size = group;
  return manifest;
}

}  // namespace

class LayoutTest : public QObject {
  Q_OBJECT
 private slots:
  void every_tensor_begins_at_a_multiple_of_64() {
    const auto layout = lay_out(plan_of({{3, 5}, {7, 9}, {1, 1}, {64, 64}}), manifest_of(QFormat::int8_wo));
    VERIFY_OK(layout);
    QCOMPARE(layout->shards.size(), size_t{1});
    uint64_t at = 0;
    for (const auto& entry : layout->shards[0].entries) {
      QVERIFY(is_padding(entry.name) ? entry.bytes < 64 : at % 64 == 0);
      at += entry.bytes;
    }
    QCOMPARE(layout->weight_bytes, uint64_t{3 * 5 * 2 + 7 * 9 + 7 * 4 + 1 + 4 + 64 * 64 + 64 * 4});
  }

  void files_are_split_between_weights() {
    const auto layout =
        lay_out(plan_of({{10, 100}, {10, 100}, {10, 300}, {1, 2}}), manifest_of(QFormat::full_prec), 5000);
    VERIFY_OK(layout);
    QCOMPARE(layout->shards.size(), size_t{3});
    QCOMPARE(layout->shards[0].file, std::string("weights-00001-of-00003.safetensors"));
    QCOMPARE(layout->shards[1].entries.size(), size_t{1});  // larger than a file should be, alone
    QCOMPARE(layout->shards[2].entries[0].name, std::string("w3"));
  }

  void the_writer_keeps_to_the_layout() {
    const EngineFixture fixture;
    const auto layout = lay_out(plan_of({{3, 5}, {7, 9}, {9, 40}}), manifest_of(QFormat::int8_wo), 200);
    QCOMPARE(layout->shards.size(), size_t{2});
    WeightWriter writer(fixture.path(""), *layout);
    const std::vector<std::byte> bytes(500, std::byte{7});
    const auto some = [&](size_t count) { return std::span(bytes).first(count); };
    VERIFY_ERROR(writer.append("w1", some(63)), ErrorKind::invalid_input, "63 bytes of w1 where 30 of w0 are due");
    VERIFY_OK(writer.append("w0", some(10)));
    VERIFY_ERROR(writer.append("w0", some(21)), ErrorKind::invalid_input, "21 bytes of w0 where 20");
    VERIFY_OK(writer.append("w0", some(20)));
    VERIFY_OK(writer.append("w1", some(63)));
    VERIFY_OK(writer.append("w1.scales", some(28)));
    VERIFY_ERROR(writer.finish(), ErrorKind::invalid_input, "only 1 of 2 are whole");
    VERIFY_OK(writer.append("w2", some(360)));
    VERIFY_OK(writer.append("w2.scales", some(36)));
    VERIFY_OK(writer.finish());
    VERIFY_ERROR(writer.append("w3", some(1)), ErrorKind::invalid_input, "follows the last tensor");
    VERIFY_OK(SafetensorsFile::open(fixture.path("weights-00001-of-00002.safetensors")));
    VERIFY_OK(SafetensorsFile::open(fixture.path("weights-00002-of-00002.safetensors")));
  }

  void hostile_plans_do_not_overflow() {
    VERIFY_ERROR(lay_out(plan_of({{INT32_MAX, INT32_MAX}}), manifest_of(QFormat::full_prec)), ErrorKind::corrupt,
                 "is too large");
    Plan twice = plan_of({{4, 4}, {4, 4}});
    twice.weights[1].name = "w0";
    VERIFY_ERROR(lay_out(twice, manifest_of(QFormat::full_prec)), ErrorKind::corrupt, "two tensors have the name 'w0'");
    twice.weights[1].name = "w0.scales";
    twice.weights[0].role = WeightRole::linear;
    VERIFY_ERROR(lay_out(twice, manifest_of(QFormat::int8_wo)), ErrorKind::corrupt, "w0.scales");
  }

  void formats_have_names() {
    for (const QFormat format : {QFormat::full_prec, QFormat::int8_wo, QFormat::int4_wo})
      QVERIFY(parse_qformat(name_of(format)).value() == format);
    VERIFY_ERROR(parse_qformat("int4_awq"), ErrorKind::unsupported, "not supported yet");
    VERIFY_ERROR(parse_qformat("int3"), ErrorKind::invalid_input, "there is no qformat 'int3'");
  }

  void plain_file_names() {
    for (const char* name : {"plan.json", "weights-00001-of-00001.safetensors", "名.txt"})
      QVERIFY(is_plain_file_name(name));
    for (const char* name : {"", ".", "..", ".lock", "a/b", "a\\b", "c:", "x.", "x ", "a\tb"})
      QVERIFY(!is_plain_file_name(name));
    QVERIFY(!is_plain_file_name(std::string(256, 'a')) && !is_plain_file_name(std::string("a\0b", 3)));
  }
};

QTEST_GUILESS_MAIN(LayoutTest)
#include "layout_test.moc"
