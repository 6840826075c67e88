// The oracle itself: made up weights agree between stacked and sliced forms, and a real model gives its known logits.
#include "core/graph/reference.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include "core/checkpoint/checkpoint.h"
#include "tests/core/graph/graph_fixture.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

WeightSource weights_of(const Checkpoint& checkpoint) {
  return [&checkpoint](const WeightSpec& spec) {
    std::vector<double> numbers;
    for (const WeightPart& part : spec.parts) {
      const TensorInfo* tensor = checkpoint.find(part.tensor);
      const int64_t end = part.row_end < 0 ? tensor->shape[0] : part.row_end;
      const int64_t cols = tensor->shape.size() > 1 ? tensor->shape[1] : 1;
      std::vector<float> rows(static_cast<size_t>((end - part.row_begin) * cols));
      convert_to_f32(*tensor, part.row_begin, end, rows.data());
      numbers.insert(numbers.end(), rows.begin(), rows.end());
    }
    return numbers;
  };
}

std::vector<int32_t> ids_fed(const std::string& path) {
  QFile file(QString::fromStdString(path));
  std::vector<int32_t> ids;
  if (!file.open(QIODevice::ReadOnly)) return ids;
  const QJsonDocument document = QJsonDocument::fromJson(file.readAll());
  for (const QJsonValue id : document.object()["input_ids_fed"].toArray()) ids.push_back(id.toInt());
  return ids;
}

}  // namespace

class ReferenceTest : public QObject {
  Q_OBJECT
 private slots:
  void stacked_weights_have_the_same_numbers() {
    Graph source;
    source.weights["a"] = {"a", WeightRole::linear, 3, 5, {{"a"}}, false};
    source.weights["b"] = {"b", WeightRole::linear, 2, 5, {{"b"}}, false};
    const WeightSource weights = made_up_weights(source);
    std::vector<double> apart = weights(source.weights["a"]);
    for (double number : weights(source.weights["b"])) apart.push_back(number);
    QCOMPARE(weights({"ab", WeightRole::linear, 5, 5, {{"a"}, {"b"}}, false}), apart);
    const std::vector<double> slice = weights({"s", WeightRole::linear, 2, 5, {{"a", 1, 3}}, false});
    QVERIFY(std::equal(slice.begin(), slice.end(), apart.begin() + 5));
  }
  void only_wanted_rows() {
    const Graph graph = small_graph(baichuan2_13b());
    const WeightSource weights = made_up_weights(graph);
    const std::vector<double> all = *run_reference(graph, weights, kIds);
    const std::vector<double> some = *run_reference(graph, weights, kIds, {2, 7});
    QCOMPARE(some.size(), size_t{2 * 101});
    QVERIFY(std::equal(some.begin(), some.begin() + 101, all.begin() + 2 * 101));
  }
  void attention_is_causal() {
    const Graph graph = small_graph(mistral_7b());
    const WeightSource weights = made_up_weights(graph);
    std::vector<int32_t> ids = kIds;
    const std::vector<double> before = *run_reference(graph, weights, ids, {5});
    ids[6] = 50;
    QCOMPARE(*run_reference(graph, weights, ids, {5}), before);
    ids[4] = 50;
    QVERIFY(*run_reference(graph, weights, ids, {5}) != before);
  }
  void refuses_bad_ids() {
    const Graph graph = small_graph(tinyllama());
    const std::vector<int32_t> bad = {1, 101};
    QVERIFY(!run_reference(graph, made_up_weights(graph), bad));
    QVERIFY(!run_reference(graph, made_up_weights(graph), kIds, {8}));
  }
  void a_known_model_gives_its_known_logits() {
    const std::string model = shared_data("models/stories260K-hf"), golden = shared_data("models/stories260K");
    SKIP_WITHOUT(model);
    SKIP_WITHOUT(golden);
    const auto checkpoint = Checkpoint::open(model);
    QVERIFY2(checkpoint.has_value(), checkpoint ? "" : checkpoint.error().message.c_str());
    QFile file(QString::fromStdString(golden + "/golden_logits_200x512.f32"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray bytes = file.readAll();
    std::vector<float> expected(static_cast<size_t>(bytes.size()) / sizeof(float));
    std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
    std::vector<int32_t> ids = ids_fed(golden + "/golden_greedy_empty.json");
    QVERIFY(ids.size() >= 64);
    ids.resize(64);
    Graph graph = *build_graph(checkpoint->config());
    QVERIFY(rewrite(graph, checkpoint->config()).has_value());
    const auto logits = run_reference(graph, weights_of(*checkpoint), ids);
    QVERIFY(logits.has_value());
    double most = 0;
    for (size_t i = 0; i < logits->size(); ++i) most = std::max(most, std::abs((*logits)[i] - double{expected[i]}));
    QVERIFY2(most < 1e-3, qPrintable(QString::number(most)));
  }
};

QTEST_GUILESS_MAIN(ReferenceTest)
#include "reference_test.moc"
