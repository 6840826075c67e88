// Each pass on a small graph: it does what it says, the logits stay, and it leaves alone what it must.
#include "core/graph/passes.h"

#include <QTest>

#include "tests/core/graph/graph_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

/// Runs `pass` on a copy; checks that the logits stay; returns the rewrites.
int apply(int (*pass)(Graph&), Graph& graph, const Graph& source) {
  const std::vector<double> before = logits_of(graph, source);
  const int rewrites = pass(graph);
  const Result<void> sound = check(graph);
  if (!sound) qWarning("%s", sound.error().message.c_str());
  return difference(before, logits_of(graph, source)) < 1e-9 ? rewrites : -1;
}

struct Attended : HandMade {
  int q, k, v;
  explicit Attended(bool rotated, int v_from = 0) {
    q = linear(x, "a.q_proj.weight", 16);
    k = linear(x, "a.k_proj.weight", 8);
    v = linear(v_from ? v_from : x, "a.v_proj.weight", 8);
    if (rotated) {
      q = rope(q, 4);
      k = rope(k, 2);
    }
  }
};

struct Mlp : HandMade {
  int gate, up, activated, product;
  explicit Mlp(bool gate_first = true) {
    gate = linear(x, "mlp.gate_proj.weight", 24);
    up = linear(x, "mlp.up_proj.weight", 24);
    activated = add(OpKind::activation, {gate}, 24);
    product = gate_first ? add(OpKind::multiply, {activated, up}, 24) : add(OpKind::multiply, {up, activated}, 24);
  }
};

}  // namespace

class PassesTest : public QObject {
  Q_OBJECT
 private slots:
  void fuse_qkv_joins_three_linears() {
    for (bool rotated : {true, false}) {
      Attended made(rotated);
      const Graph source = made.finish(made.attention(made.q, made.k, made.v));
      Graph graph = source;
      QCOMPARE(apply(fuse_qkv, graph, source), 1);
      QCOMPARE(count(graph, OpKind::linear), 2);
      QCOMPARE(graph.nodes[1].outputs.size(), size_t{3});
      QCOMPARE(graph.nodes[1].weights[0], std::string("a.qkv_proj.weight"));
      QCOMPARE(graph.weights.at("a.qkv_proj.weight").rows, 32);
      QCOMPARE(graph.weights.at("a.qkv_proj.weight").parts.size(), size_t{3});
    }
  }
  void fuse_qkv_stacks_biases() {
    Attended made(true);
    for (size_t i = 1; i <= 3; ++i) {
      const std::string name = "a.b" + std::to_string(i) + ".bias";
      made.graph.nodes[i].weights.push_back(made.weight(name, WeightRole::vector, 1, i == 1 ? 16 : 8));
    }
    const Graph source = made.finish(made.attention(made.q, made.k, made.v));
    Graph graph = source;
    QCOMPARE(apply(fuse_qkv, graph, source), 1);
    QCOMPARE(graph.weights.at("a.qkv_proj.bias").cols, 32);
    graph.nodes.clear();
    graph = source;
    graph.nodes[2].weights.pop_back();  // one without a bias
    QCOMPARE(apply(fuse_qkv, graph, source), 0);
  }
  void fuse_qkv_makes_slices_whole() {
    const Graph source = small_graph(baichuan2_7b());
    Graph graph = source;
    QCOMPARE(apply(fold_constants, graph, source), 2);
    QCOMPARE(apply(fuse_qkv, graph, source), 2);
    const WeightSpec& packed = graph.weights.at("model.layers.1.self_attn.W_pack.weight");
    QCOMPARE(packed.parts.size(), size_t{1});
    QCOMPARE(packed.parts[0].row_begin, 0);
    QCOMPARE(packed.parts[0].row_end, packed.rows);
  }
  void fuse_qkv_leaves_alone_data() {
    QTest::addColumn<int>("reason");
    QTest::newRow("another input") << 0;
    QTest::newRow("k read elsewhere") << 1;
    QTest::newRow("a scale between") << 2;
    QTest::newRow("only q rotated") << 3;
    QTest::newRow("one linear for two") << 4;
  }
  void fuse_qkv_leaves_alone() {
    QFETCH(int, reason);
    HandMade first;
    const int other = reason == 0 ? first.norm(first.x, "n") : first.x;
    Attended made(reason == 1 || reason == 2);
    if (reason == 0) {
      made.graph = first.graph;
      made.q = made.linear(first.x, "q", 16);
      made.k = made.linear(first.x, "k", 8);
      made.v = made.linear(other, "v", 8);
    }
    if (reason == 2) made.q = made.scale(made.q, 0.5f);
    if (reason == 3) made.q = made.rope(made.q, 4);
    if (reason == 4) made.v = made.k;
    int o = made.attention(made.q, made.k, made.v);
    if (reason == 1) o = made.add(OpKind::add, {made.linear(made.k, "more", 16), o}, 16);
    const Graph source = made.finish(o);
    Graph graph = source;
    QCOMPARE(apply(fuse_qkv, graph, source), 0);
    QCOMPARE(to_text(graph), to_text(source));
  }

  void fuse_gate_up_joins_two_linears() {
    for (bool gate_first : {true, false}) {
      Mlp made(gate_first);
      const Graph source = made.finish(made.product);
      Graph graph = source;
      QCOMPARE(apply(fuse_gate_up, graph, source), 1);
      QCOMPARE(graph.nodes[1].outputs, (std::vector<int>{made.gate, made.up}));
      QCOMPARE(graph.weights.at("mlp.gate_up_proj.weight").rows, 48);
    }
  }
  void fuse_gate_up_leaves_alone() {
    for (int reason = 0; reason < 2; ++reason) {
      Mlp made;
      const int also = reason == 0 ? made.up : made.gate;
      const Graph source = made.finish(made.add(OpKind::add, {made.product, also}, 24));
      Graph graph = source;
      QCOMPARE(apply(fuse_gate_up, graph, source), 0);
    }
  }

  void fuse_swiglu_takes_joined_linears() {
    for (bool gate_first : {true, false}) {
      Mlp made(gate_first);
      made.graph.nodes[3].attributes.activation = Activation::gelu_tanh;
      const Graph source = made.finish(made.product);
      Graph graph = source;
      QCOMPARE(apply(fuse_swiglu, graph, source), 0);  // not joined yet
      QCOMPARE(apply(fuse_gate_up, graph, source), 1);
      QCOMPARE(apply(fuse_swiglu, graph, source), 1);
      QCOMPARE(count(graph, OpKind::multiply) + count(graph, OpKind::activation), 0);
      QVERIFY(graph.nodes[2].op == OpKind::gated_activation);
      QVERIFY(graph.nodes[2].attributes.activation == Activation::gelu_tanh);
    }
  }
  void fuse_swiglu_leaves_up_times_gate_alone() {
    Mlp made;
    const Graph source = made.finish(made.product);
    Graph graph = source;
    fuse_gate_up(graph);
    std::swap(graph.nodes[2].inputs[0], graph.nodes[3].inputs[1]);  // activation of the second half
    QCOMPARE(apply(fuse_swiglu, graph, source), 0);
  }

  void fuse_residual_norm_keeps_the_sum() {
    HandMade made;
    const int delta = made.linear(made.x, "d", 16), sum = made.add(OpKind::add, {made.x, delta}, 16);
    const int h = made.norm(sum, "n");
    const Graph source = made.finish(made.add(OpKind::add, {sum, made.linear(h, "e", 16)}, 16));
    Graph graph = source;
    QCOMPARE(apply(fuse_residual_norm, graph, source), 1);
    QVERIFY(graph.nodes[2].op == OpKind::residual_rms_norm);
    QCOMPARE(graph.nodes[2].inputs, (std::vector<int>{made.x, delta}));
    QCOMPARE(graph.nodes[2].outputs, (std::vector<int>{sum, h}));
    QVERIFY(make_plan(graph).has_value());
  }
  void fuse_residual_norm_overwrites_only_what_is_dead() {
    HandMade made;
    const int delta = made.linear(made.x, "d", 16), sum = made.add(OpKind::add, {made.x, delta}, 16);
    const int h = made.norm(sum, "n");
    const Graph source = made.finish(made.add(OpKind::add, {h, made.x}, 16));  // x is read later: delta is overwritten
    Graph graph = source;
    QCOMPARE(apply(fuse_residual_norm, graph, source), 1);
    QCOMPARE(graph.nodes[2].inputs, (std::vector<int>{delta, made.x}));
    QVERIFY(make_plan(graph).has_value());
  }
  void fuse_residual_norm_leaves_alone() {
    HandMade both_live, twice, no_norm;
    int d = both_live.linear(both_live.x, "d", 16);
    int h = both_live.norm(both_live.add(OpKind::add, {both_live.x, d}, 16), "n");
    Graph graph =
        both_live.finish(both_live.add(OpKind::add, {both_live.add(OpKind::multiply, {h, both_live.x}, 16), d}, 16));
    QCOMPARE(apply(fuse_residual_norm, graph, graph), 0);
    graph = twice.finish(twice.norm(twice.add(OpKind::add, {twice.x, twice.x}, 16), "n"));
    QCOMPARE(apply(fuse_residual_norm, graph, graph), 0);
    graph = no_norm.finish(no_norm.add(OpKind::add, {no_norm.x, no_norm.linear(no_norm.x, "d", 16)}, 16));
    QCOMPARE(apply(fuse_residual_norm, graph, graph), 0);
  }

  void fuse_rope_cache_write_needs_joined_linears() {
    for (bool rotated : {true, false}) {
      Attended made(rotated);
      const Graph source = made.finish(made.attention(made.q, made.k, made.v));
      Graph graph = source;
      QCOMPARE(apply(fuse_rope_cache_write, graph, source), 0);
      QCOMPARE(apply(fuse_qkv, graph, source), 1);
      QCOMPARE(apply(fuse_rope_cache_write, graph, source), 1);
      QCOMPARE(count(graph, OpKind::rope) + count(graph, OpKind::attention), 0);
      QVERIFY(graph.nodes[2].op == OpKind::rope_cache_write && graph.nodes[3].op == OpKind::cached_attention);
      QCOMPARE(graph.nodes[2].attributes.rotary_dim, rotated ? 4 : 0);
      QCOMPARE(graph.nodes[3].attributes.scale, 0.5f);
    }
  }

  void fold_norm_head_marks_the_weight() {
    HandMade made;
    Graph source = made.finish(made.norm(made.x, "n"));
    source.nodes.back().op = OpKind::normalized_linear;
    Graph graph = source;
    QCOMPARE(apply(fold_norm_head, graph, source), 1);
    QVERIFY(graph.nodes.back().op == OpKind::linear && graph.weights.at("head").normalize_rows);
    QCOMPARE(apply(fold_norm_head, graph, source), 0);
  }
  void fold_norm_head_spares_other_users() {
    HandMade made;
    const int a = made.linear(made.x, "w", 16), b = made.add(OpKind::normalized_linear, {made.x}, 16, {"w"});
    const Graph source = made.finish(made.add(OpKind::add, {a, b}, 16));
    Graph graph = source;
    QCOMPARE(apply(fold_norm_head, graph, source), 1);
    QVERIFY(!graph.weights.at("w").normalize_rows);
  }

  void fold_constants_moves_scales_into_attention() {
    Attended made(true);
    const Graph source = made.finish(made.attention(made.scale(made.q, 0.25f), made.scale(made.k, 3.0f), made.v));
    Graph graph = source;
    QCOMPARE(apply(fold_constants, graph, source), 2);
    QCOMPARE(count(graph, OpKind::scale), 0);
    QCOMPARE(graph.nodes[6].attributes.scale, 0.5f * 0.25f * 3.0f);
  }
  void fold_constants_drops_scales_by_one() {
    HandMade made;
    const int once = made.scale(made.x, 1.0f), twice = made.scale(once, 1.0f);
    const Graph source = made.finish(made.add(OpKind::add, {once, twice}, 16));
    Graph graph = source;
    QCOMPARE(apply(fold_constants, graph, source), 2);
    QCOMPARE(graph.nodes[1].inputs, (std::vector<int>{made.x, made.x}));
  }
  void fold_constants_leaves_alone() {
    Attended read_twice(true), values(true);
    int scaled = read_twice.scale(read_twice.q, 0.5f);
    Graph graph = read_twice.finish(
        read_twice.add(OpKind::add, {read_twice.attention(scaled, read_twice.k, read_twice.v), scaled}, 16));
    QCOMPARE(apply(fold_constants, graph, graph), 0);
    graph = values.finish(values.attention(values.q, values.k, values.scale(values.v, 0.5f)));
    QCOMPARE(apply(fold_constants, graph, graph), 0);
  }

  void eliminate_dead_removes_what_nobody_reads() {
    HandMade made;
    made.norm(made.linear(made.x, "unread", 16), "unread too");
    made.weight("unused", WeightRole::linear, 3, 3);
    const Graph source = made.finish(made.norm(made.x, "n"));
    Graph graph = source;
    QCOMPARE(apply(eliminate_dead, graph, source), 5);  // two operations, three weights
    QCOMPARE(graph.nodes.size(), size_t{4});
    QCOMPARE(graph.weights.size(), size_t{3});
    QCOMPARE(apply(eliminate_dead, graph, source), 0);
  }
};

QTEST_GUILESS_MAIN(PassesTest)
#include "passes_test.moc"
