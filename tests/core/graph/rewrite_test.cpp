// Whole models through all passes: counts before and after, equal logits, and a driver that catches a wrong pass.
#include <QElapsedTimer>
#include <QTest>

#include "tests/core/graph/graph_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

Q_DECLARE_METATYPE(flightdeck::ModelConfig)

namespace {
int halve_a_norm(Graph& graph) {
  for (Node& node : graph.nodes)
    if (node.op == OpKind::attention) return node.attributes.scale *= 0.5f, 1;
  return 0;
}
int break_a_width(Graph& graph) { return ++graph.widths.back(), 1; }
int change_the_big_one(Graph& graph) { return graph.info.num_layers > 2 ? 1 : 0; }
}  // namespace

class RewriteTest : public QObject {
  Q_OBJECT
 private slots:
  void families_data() {
    QTest::addColumn<ModelConfig>("config");
    QTest::addColumn<int>("before");
    QTest::addColumn<int>("after");
    QTest::newRow("llama") << tinyllama() << 4 + 22 * 17 << 4 + 22 * 9;
    QTest::newRow("mistral") << mistral_7b() << 4 + 32 * 17 << 4 + 32 * 9;
    QTest::newRow("tied, one kv head") << tied_llama() << 4 + 5 * 17 << 4 + 5 * 9;
    QTest::newRow("baichuan 7b") << baichuan1_7b() << 4 + 32 * 17 << 4 + 32 * 9;
    QTest::newRow("baichuan2 7b") << baichuan2_7b() << 4 + 32 * 17 << 4 + 32 * 9;
    QTest::newRow("baichuan2 13b") << baichuan2_13b() << 4 + 40 * 15 << 4 + 40 * 9;
  }
  void families() {
    QFETCH(ModelConfig, config);
    QFETCH(int, before);
    QFETCH(int, after);
    Graph graph = *build_graph(config);
    QCOMPARE(static_cast<int>(graph.nodes.size()), before);
    QElapsedTimer timer;
    timer.start();
    const auto reports = rewrite(graph, config);
    QVERIFY2(reports.has_value(), reports ? "" : reports.error().message.c_str());
    QCOMPARE(static_cast<int>(graph.nodes.size()), after);
    QCOMPARE(reports->front().operations_before, before);
    QCOMPARE(reports->back().operations_after, after);
    for (const PassReport& report : *reports) QVERIFY(report.max_difference < 1e-9);
    qInfo("%lld ms", timer.elapsed());
  }
  void a_layer_is_nine_operations() {
    Graph graph = *build_graph(tinyllama());
    QVERIFY(rewrite(graph, tinyllama()).has_value());
    std::vector<OpKind> layer;
    for (const Node& node : graph.nodes)
      if (node.layer == 1) layer.push_back(node.op);
    const std::vector<OpKind> expected = {OpKind::residual_rms_norm,
                                          OpKind::linear,
                                          OpKind::rope_cache_write,
                                          OpKind::cached_attention,
                                          OpKind::linear,
                                          OpKind::residual_rms_norm,
                                          OpKind::linear,
                                          OpKind::gated_activation,
                                          OpKind::linear};
    QCOMPARE(layer, expected);
    const QString text = QString::fromStdString(to_text(graph));
    QVERIFY2(text.contains("layers 1-21, 9 operations each:"), qPrintable(text));
  }
  void any_pass_may_be_disabled() {
    for (const Pass& pass : all_passes()) {
      const Graph source = small_graph(baichuan2_7b());
      Graph graph = source;
      const auto reports = rewrite(graph, baichuan2_7b(), {pass.name});
      QVERIFY2(reports.has_value(), reports ? "" : reports.error().message.c_str());
      QVERIFY(difference(logits_of(source, source), logits_of(graph, source)) < 1e-9);
      const Result<Plan> plan = make_plan(graph);  // what has no kernel must be folded
      QCOMPARE(plan.has_value(), !std::string(pass.name).starts_with("fold_"));
      if (!plan) QVERIFY(plan.error().message.find(pass.name) != std::string::npos);
    }
  }
  void unknown_pass_is_named() {
    Graph graph = small_graph(tinyllama());
    const auto reports = rewrite(graph, tinyllama(), {"fuse_everything"});
    QVERIFY(!reports && reports.error().kind == ErrorKind::invalid_input);
    QVERIFY(reports.error().message.find("fuse_everything") != std::string::npos);
  }
  void a_wrong_pass_is_caught_data() {
    QTest::addColumn<int>("which");
    QTest::newRow("changes the numbers") << 0;
    QTest::newRow("breaks the graph") << 1;
    QTest::newRow("was not verified") << 2;
  }
  void a_wrong_pass_is_caught() {
    QFETCH(int, which);
    const Pass wrong[] = {{"wrong", halve_a_norm}, {"wrong", break_a_width}, {"wrong", change_the_big_one}};
    Graph graph = *build_graph(tinyllama());
    const std::string before = to_text(graph);
    const auto reports = run_passes({wrong[which]}, graph, tinyllama());
    QVERIFY(!reports);
    QVERIFY2(reports.error().message.find("pass wrong") == 0, reports.error().message.c_str());
    QCOMPARE(to_text(graph), before);
  }
  void shrinking_keeps_the_structure() {
    const ModelConfig small = shrink_config(mistral_7b());
    QCOMPARE(small.num_heads / small.num_kv_heads, 4);
    QVERIFY(small.sliding_window > 0 && small.sliding_window < 12);
    QCOMPARE(shrink_config(tied_llama()).num_kv_heads, 1);
    QVERIFY(shrink_config(tied_llama()).tied_head);
    QVERIFY(shrink_config(baichuan2_13b()).alibi && shrink_config(baichuan2_13b()).norm_head);
  }
};

QTEST_GUILESS_MAIN(RewriteTest)
#include "rewrite_test.moc"
