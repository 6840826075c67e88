// The whole way from a checkpoint to logits against references: transformers and plain PyTorch (tests/golden),
// llama2.c's stories260K (shared data).
#include <QtTest>
#include <cmath>

#include "core/base/json.h"
#include "tests/core/runtime/engine_fixture.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

std::vector<float> read_floats(const std::string& path) {
  const auto bytes = read_file(path, 64u << 20).value();
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

/// A GPU computes in float16: ten mantissa bits through a few layers, and nothing exact.
double allowed_difference(const std::vector<float>& expected) {
  if (test_device() == "cpu") return 1e-3;
  double largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return 0.02 * largest;
}

std::unique_ptr<Inference> float32_engine(const std::string& model_dir, const QTemporaryDir& folder) {
  BuildOptions options;
  options.model_dir = model_dir;
  options.output_dir = folder.filePath("engine").toStdString();
  options.qformat = QFormat::full_prec;
  options.dtype = "float32";
  return started(built(options), {.device = test_device()});
}

}  // namespace

class GoldenTest : public QObject {
  Q_OBJECT
 private slots:
  void logits_and_greedy_tokens_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"llama", "llama_gqa_tied", "mistral_window", "baichuan2_rope", "baichuan2_alibi"})
      QTest::newRow(name) << name;
  }

  void logits_and_greedy_tokens() {
    QFETCH(QString, name);
    const std::string folder = FLIGHTDECK_SOURCE_DIR "/tests/golden/" + name.toStdString();
    const auto golden = read_json_file(folder + "/golden.json").value();
    const std::vector<int32_t> greedy = golden["greedy"];
    QTemporaryDir temporary;
    const auto engine = float32_engine(folder, temporary);
    Collector answers;
    Request request;
    request.prompt = golden["prompt"].get<std::vector<int32_t>>();
    request.max_tokens = static_cast<int>(greedy.size());
    request.sampling = {.temperature = 0, .ignore_eos = false};
    request.want_logits = true;
    answers.submit(*engine, request);
    answers.wait();
    QCOMPARE(answers[0].ids, greedy);
    const auto expected = read_floats(folder + "/logits.f32");
    QCOMPARE(answers[0].logits.size(), expected.size());
    const double difference = largest_difference(answers[0].logits, expected, expected.size());
    QVERIFY2(difference < allowed_difference(expected), qPrintable(QString("logits differ by %1").arg(difference)));
  }

  void stories260k_gives_the_reference_tokens_data() {
    QTest::addColumn<QString>("file");
    QTest::newRow("empty prompt") << "golden_greedy_empty.json";
    QTest::newRow("a prompt") << "golden_greedy_prompt.json";
  }

  void stories260k_gives_the_reference_tokens() {
    QFETCH(QString, file);
    const std::string model = shared_data("models/stories260K-hf");
    SKIP_WITHOUT(model);
    const auto golden = read_json_file(shared_data("models/stories260K/" + file.toStdString())).value();
    const std::vector<int32_t> prompt = golden["prompt_ids"];
    std::vector<int32_t> expected = golden["input_ids_fed"];
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(prompt.size()));
    expected.push_back(golden["next"]);
    QTemporaryDir temporary;
    const auto engine = float32_engine(model, temporary);
    Collector answers;
    Request request{.prompt = prompt,
                    .max_tokens = static_cast<int>(expected.size()),
                    .sampling = {.temperature = 0, .ignore_eos = true}};
    request.want_logits = prompt.size() == 1;  // the reference kept the logits of the empty prompt's story
    answers.submit(*engine, request);
    answers.wait();
    QCOMPARE(answers[0].ids, expected);
    if (!request.want_logits) return;
    const auto logits = read_floats(shared_data("models/stories260K/golden_logits_200x512.f32"));
    QVERIFY(answers[0].logits.size() >= logits.size());
    const double difference = largest_difference(answers[0].logits, logits, logits.size());
    QVERIFY2(difference < allowed_difference(logits), qPrintable(QString("logits differ by %1").arg(difference)));
  }
};

QTEST_GUILESS_MAIN(GoldenTest)
#include "golden_test.moc"
