// Plans: few slots, right slots, JSON there and back, and a corpus of damaged ones.
#include "core/graph/plan.h"

#include <QTest>
#include <random>

#include "tests/core/graph/graph_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

Q_DECLARE_METATYPE(flightdeck::ModelConfig)

namespace {

Graph rewritten(const ModelConfig& config) {
  Graph graph = *build_graph(config);
  const auto reports = rewrite(graph, config);
  return reports ? graph : Graph();
}

Plan small_plan(const ModelConfig& config) { return make_plan(rewritten(shrink_config(config))).value(); }

/// Every value inside `json`, so that a mutation can hit any of them.
void collect(Json& json, std::vector<Json*>& places) {
  places.push_back(&json);
  for (Json& child : json)
    if (json.is_structured()) collect(child, places);
}

Json hostile_value(std::mt19937& random) {
  static const Json values[] = {-1,
                                0,
                                1,
                                2,
                                7,
                                65,
                                4096,
                                2147483647,
                                2147483648LL,
                                -2147483648LL,
                                1e308,
                                -0.5,
                                nullptr,
                                true,
                                "",
                                "linear",
                                "attention",
                                "rope",
                                "needed_rows",
                                "add",
                                "gelu",
                                "vector",
                                "model.norm.weight",
                                Json::array(),
                                Json::object(),
                                18446744073709551615ULL,
                                Json::array({0, 1, 2, 3})};
  return values[random() % std::size(values)];
}

void mutate(Json& json, std::mt19937& random) {
  std::vector<Json*> places;
  collect(json, places);
  Json& place = *places[random() % places.size()];
  const bool list = place.is_array() && !place.empty();
  switch (random() % 5) {
    case 0:
      if (list) place.erase(place.begin() + static_cast<int>(random() % place.size()));
      break;
    case 1:
      if (list) place.push_back(place[random() % place.size()]);
      break;
    case 2:
      if (list) std::swap(place[0], place[random() % place.size()]);
      break;
    case 3:
      if (place.is_number_integer()) place = place.get<int64_t>() + static_cast<int64_t>(random() % 5) - 2;
      break;
    default:
      place = hostile_value(random);
  }
}

}  // namespace

class PlanTest : public QObject {
  Q_OBJECT
 private slots:
  void slots_are_few_and_right_data() {
    QTest::addColumn<ModelConfig>("config");
    QTest::newRow("llama") << tinyllama();
    QTest::newRow("mistral") << mistral_7b();
    QTest::newRow("tied") << tied_llama();
    QTest::newRow("baichuan2 7b") << baichuan2_7b();
    QTest::newRow("baichuan2 13b") << baichuan2_13b();
  }
  void slots_are_few_and_right() {
    QFETCH(ModelConfig, config);
    const Plan plan = *make_plan(rewritten(config));
    QVERIFY(plan.slot_widths.size() <= 10);
    const ModelConfig small = shrink_config(config);
    const Graph source = *build_graph(small), through_slots = graph_of(*make_plan(rewritten(small)));
    QVERIFY(difference(logits_of(source, source), logits_of(through_slots, source)) < 1e-9);
  }
  void unfused_graphs_have_plans() {
    const Graph source = small_graph(tinyllama());
    Graph graph = source;
    QCOMPARE(fold_constants(graph), 2);
    const Result<Plan> plan = make_plan(graph);
    QVERIFY2(plan.has_value(), plan ? "" : plan.error().message.c_str());
    QVERIFY(difference(logits_of(source, source), logits_of(graph_of(*plan), source)) < 1e-9);
  }
  void the_residual_stays_in_its_slot() {
    for (const PlanStep& step : small_plan(tinyllama()).steps)
      if (step.op == OpKind::residual_rms_norm || step.op == OpKind::rope_cache_write)
        QCOMPARE(step.outputs[0], step.inputs[0]);
  }
  void needed_rows_have_their_own_slots() {
    const Plan plan = small_plan(tinyllama());
    const int logits = plan.output, picked = plan.steps[plan.steps.size() - 2].outputs[0];
    for (size_t i = 0; i + 2 < plan.steps.size(); ++i)
      for (int slot : plan.steps[i].outputs) QVERIFY(slot != logits && slot != picked);
  }
  void weights_come_in_the_order_of_use() {
    const Plan plan = small_plan(baichuan2_7b());
    QCOMPARE(plan.weights.front().name, std::string("model.embed_tokens.weight"));
    QCOMPARE(plan.weights[1].name, std::string("model.layers.0.input_layernorm.weight"));
    QCOMPARE(plan.weights[2].name, std::string("model.layers.0.self_attn.W_pack.weight"));
    QCOMPARE(plan.weights.back().name, std::string("lm_head.weight"));
    QVERIFY(plan.weights.back().normalize_rows);
  }
  void overwriting_a_live_value_is_refused() {
    HandMade made;
    const int turned = made.rope(made.x, 4);
    const Result<Plan> plan = make_plan(made.finish(made.add(OpKind::add, {turned, made.x}, 16)));
    QVERIFY(!plan.has_value());
    QVERIFY(plan.error().message.find("overwrites") != std::string::npos);
  }

  void json_there_and_back() {
    for (const ModelConfig& config : {tinyllama(), mistral_7b(), tied_llama(), baichuan2_7b(), baichuan2_13b()}) {
      const Plan plan = *make_plan(rewritten(config));
      const std::string text = to_json(plan).dump(1);
      const Result<Json> json = parse_json(text, "plan.json");
      QVERIFY(json.has_value());
      const Result<Plan> read = plan_from_json(*json, "plan.json");
      QVERIFY2(read.has_value(), read ? "" : read.error().message.c_str());
      QCOMPARE(to_json(*read).dump(1), text);
      QCOMPARE(to_text(graph_of(*read)), to_text(graph_of(plan)));
      QCOMPARE(read->info.eos_ids, plan.info.eos_ids);
    }
  }
  void damage_is_named_data() {
    QTest::addColumn<QString>("patch");  // JSON merge patch of "/step/5" or of the whole
    QTest::addColumn<QString>("message");
    const auto row = [](const char* patch, const char* message) { QTest::newRow(patch) << patch << message; };
    row(R"([{"op":"add","path":"/surprise","value":1}])", "surprise");
    row(R"([{"op":"remove","path":"/info"}])", "info");
    row(R"([{"op":"replace","path":"/info/num_layers","value":1000000000}])", "num_layers");
    row(R"([{"op":"replace","path":"/info/vocab_size","value":100}])", "table");
    row(R"([{"op":"replace","path":"/info/num_kv_heads","value":1}])", "key/value heads");
    row(R"([{"op":"replace","path":"/info/rope_theta","value":0}])", "rope_theta");
    row(R"([{"op":"replace","path":"/steps/1/op","value":"explode"}])", "explode");
    row(R"([{"op":"replace","path":"/steps/1/in/0","value":99}])", "99");
    row(R"([{"op":"replace","path":"/steps/1/in/0","value":-1}])", "-1");
    row(R"([{"op":"replace","path":"/steps/1/in/0","value":5}])", "before it is made");
    row(R"([{"op":"replace","path":"/steps/1/out/0","value":0}])", "may not write slot 0");
    row(R"([{"op":"replace","path":"/steps/1/out/0","value":1}])", "may not write slot 1");
    row(R"([{"op":"replace","path":"/steps/1/layer","value":2}])", "layers");
    row(R"([{"op":"replace","path":"/steps/1/weights/0","value":"nothing"}])", "nothing");
    row(R"([{"op":"replace","path":"/steps/1/eps","value":-1}])", "eps");
    row(R"([{"op":"replace","path":"/steps/3/rotary_dim","value":7}])", "rotary_dim");
    row(R"([{"op":"remove","path":"/steps/3"}])", "cache is empty");
    row(R"([{"op":"replace","path":"/steps/4/heads","value":4}])", "expected a multiple of 3");
    row(R"([{"op":"replace","path":"/weights/2/rows","value":7}])", "qkv_proj.weight is [7, 64]");
    row(R"([{"op":"replace","path":"/weights/0/rows","value":2147483647},{"op":"replace","path":"/weights/0/cols","value":2147483647}])",
        "numbers");
    row(R"([{"op":"add","path":"/steps/2/rotary_dim","value":16777216}])", "none of its own");
    row(R"([{"op":"replace","path":"/steps/3/rotary_dim","value":4}])", "rotary dimensions");
    row(R"([{"op":"add","path":"/weights/0","value":{"name":"x","role":"linear","rows":1,"cols":1,"parts":[{"tensor":"x"}]}}])",
        "used by no step");
    row(R"([{"op":"replace","path":"/output","value":1}])", "logits");
    row(R"([{"op":"replace","path":"/output","value":4097}])", "output");
  }
  void damage_is_named() {
    QFETCH(QString, patch);
    QFETCH(QString, message);
    const Json json = to_json(small_plan(tinyllama())).patch(Json::parse(patch.toStdString()));
    const Result<Plan> plan = plan_from_json(json, "plan.json");
    QVERIFY(!plan.has_value());
    QVERIFY(plan.error().kind == ErrorKind::corrupt || plan.error().kind == ErrorKind::invalid_input);
    QVERIFY2(plan.error().message.starts_with("plan.json"), plan.error().message.c_str());
    QVERIFY2(plan.error().message.find(message.toStdString()) != std::string::npos, plan.error().message.c_str());
  }
  void not_an_object() {
    for (const char* text : {"null", "[]", "3", "\"plan\"", "{}", "[[[]]]"})
      QVERIFY(!plan_from_json(Json::parse(text), "plan.json"));
  }
  /// What survives 5,000 random damages must still be a plan the interpreter can run.
  void random_damage_never_crashes() {
    const Json sound[] = {to_json(small_plan(tinyllama())), to_json(small_plan(baichuan2_13b()))};
    std::mt19937 random(20240607);
    int accepted = 0;
    for (int i = 0; i < 5000; ++i) {
      Json json = sound[i % 2];
      while (json == sound[i % 2]) mutate(json, random);
      const Result<Plan> plan = plan_from_json(json, "plan.json");
      if (!plan) {
        QVERIFY(!plan.error().message.empty());
        continue;
      }
      const Graph graph = graph_of(*plan);
      QVERIFY(++accepted % 16 != 0 || run_reference(graph, made_up_weights(graph), kIds).has_value());
    }
    qInfo("%d of 5000 accepted", accepted);
    QVERIFY(accepted > 0 && accepted < 1500);
  }
};

QTEST_GUILESS_MAIN(PlanTest)
#include "plan_test.moc"
