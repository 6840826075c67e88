// Graphs: uses of values, what check() refuses, and the text.
#include "core/graph/graph.h"

#include <QTest>

#include "tests/core/graph/graph_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class GraphTest : public QObject {
  Q_OBJECT
 private slots:
  void knows_who_makes_and_reads_a_value() {
    HandMade made;
    const int a = made.linear(made.x, "a", 16), b = made.add(OpKind::multiply, {a, a}, 16);
    const Graph graph = made.finish(b);
    QCOMPARE(graph.producer(0), -1);
    QCOMPARE(graph.producer(a), 1);
    QCOMPARE(graph.consumers(a), std::vector<int>{2});
    QCOMPARE(graph.consumers(made.x), std::vector<int>{1});
  }
  void every_family_is_sound() {
    for (const ModelConfig& config :
         {tinyllama(), mistral_7b(), tied_llama(), baichuan1_7b(), baichuan2_7b(), baichuan2_13b()}) {
      const Result<Graph> graph = build_graph(config);
      QVERIFY2(graph.has_value(), graph ? "" : graph.error().message.c_str());
      QVERIFY(check(*graph).has_value());
    }
  }
  void refuses_data() {
    QTest::addColumn<int>("damage");
    QTest::addColumn<QString>("message");
    QTest::newRow("reads before made") << 0 << "before it is made";
    QTest::newRow("unknown weight") << 1 << "nowhere";
    QTest::newRow("width") << 2 << "expected";
    QTest::newRow("made twice") << 3 << "no new value";
    QTest::newRow("layer") << 4 << "1 layers";
    QTest::newRow("too many inputs") << 5 << "inputs";
    QTest::newRow("logits of all rows") << 6 << "logits";
    QTest::newRow("mixed rows") << 7 << "mixes";
    QTest::newRow("kv heads") << 8 << "key/value heads";
    QTest::newRow("rows of parts") << 9 << "parts";
    QTest::newRow("negative value") << 10 << "before it is made";
    QTest::newRow("role") << 11 << "role";
    QTest::newRow("no layer") << 12 << "no layer";
  }
  void refuses() {
    QFETCH(int, damage);
    QFETCH(QString, message);
    HandMade made;
    const int q = made.linear(made.x, "q", 16), k = made.linear(made.x, "k", 8), v = made.linear(made.x, "v", 8);
    const int o = made.attention(q, k, v);  // node 4
    Graph graph = made.finish(o);           // nodes 5 and 6
    QVERIFY(check(graph).has_value());
    switch (damage) {
      case 0:
        graph.nodes[1].inputs[0] = o;
        break;
      case 1:
        graph.nodes[1].weights[0] = "nowhere";
        break;
      case 2:
        graph.widths[static_cast<size_t>(q)] = 15;
        break;
      case 3:
        graph.nodes[2].outputs[0] = q;
        break;
      case 4:
        graph.nodes[1].layer = 1;
        break;
      case 5:
        graph.nodes[1].inputs.push_back(made.x);
        break;
      case 6:
        graph.output = o;
        break;
      case 7:
        graph.nodes.back() = {OpKind::add, {o, graph.nodes[5].outputs[0]}, {graph.output}, {}, {}, -1};
        break;
      case 8:
        graph.nodes[4].attributes.kv_heads = 4;
        break;
      case 9:
        graph.weights["q"].parts = {{"q", 0, 8}};
        break;
      case 10:
        graph.nodes[1].inputs[0] = -1;
        break;
      case 11:
        graph.weights["q"].role = WeightRole::embedding;
        break;
      case 12:
        graph.nodes[4].layer = -1;
        break;
    }
    const Result<void> checked = check(graph);
    QVERIFY(!checked.has_value());
    QVERIFY2(QString::fromStdString(checked.error().message).contains(message), checked.error().message.c_str());
  }
  void refuses_sizes_that_do_not_fit() {
    ModelConfig config = tinyllama();
    config.num_kv_heads = 3;
    QVERIFY(!build_graph(config).has_value());
    config = tinyllama();
    config.num_layers = 1000000000;
    QVERIFY(!build_graph(config).has_value());
    config = tinyllama();
    config.head_dim = 2147483647;
    QVERIFY(!build_graph(config).has_value());
  }
  void weights_have_their_hugging_face_names() {
    const Graph llama = *build_graph(tied_llama());
    QCOMPARE(llama.weights.at("lm_head.weight").parts[0].tensor, std::string("model.embed_tokens.weight"));
    QVERIFY(llama.weights.at("lm_head.weight").role == WeightRole::lm_head);
    QVERIFY(llama.weights.count("model.layers.4.mlp.down_proj.weight") == 1);
    const Graph baichuan = *build_graph(baichuan2_7b());
    const WeightPart& k = baichuan.weights.at("model.layers.3.self_attn.k_proj.weight").parts[0];
    QCOMPARE(k.tensor, std::string("model.layers.3.self_attn.W_pack.weight"));
    QCOMPARE(k.row_begin, 4096);
    QCOMPARE(k.row_end, 8192);
  }
  void text_shows_equal_layers_once() {
    const QString text = QString::fromStdString(to_text(*build_graph(tinyllama())));
    QVERIFY2(text.contains("layers 0-21, 17 operations each:"), qPrintable(text));
    QVERIFY(text.contains("378 operations: linear 155, rms_norm 45, "));
    QVERIFY(text.contains("self_attn.k_proj.weight [256 x 2048]"));
    QVERIFY(text.count('\n') < 30);
  }
};

QTEST_GUILESS_MAIN(GraphTest)
#include "graph_test.moc"
