#include "core/checkpoint/model_config.h"

#include "core/base/json.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;

namespace {

/// A small Llama config with `changes` (JSON) laid over it; null removes a key.
Json config(const std::string& changes = "{}") {
  Json json = *parse_json(
      R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 512, "hidden_size": 64, "intermediate_size": 172,
      "num_hidden_layers": 5, "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 512,
      "rms_norm_eps": 1e-05, "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32"})",
      "x");
  json.merge_patch(*parse_json(changes, "x"));
  return json;
}

Result<ModelConfig> parse(const std::string& changes, const std::string& generation = "null") {
  return parse_model_config(config(changes), *parse_json(generation, "x"), "config.json");
}

std::string baichuan(const std::string& changes) {
  return fmt::format(R"({{"architectures": ["BaichuanForCausalLM"], "num_key_value_heads": null, {}}})", changes);
}

}  // namespace

class ModelConfigTest : public QObject {
  Q_OBJECT
 private slots:
  void llama() {
    const auto model = parse("{}");
    VERIFY_OK(model);
    QVERIFY(model->family == Family::llama && model->architecture == "LlamaForCausalLM" && model->vocab_size == 512);
    QVERIFY(model->hidden_size == 64 && model->intermediate_size == 172 && model->num_layers == 5 &&
            model->num_heads == 8);
    QVERIFY(model->num_kv_heads == 4 && model->head_dim == 8 && model->max_positions == 512 &&
            model->rms_norm_eps == 1e-5);
    QVERIFY(model->rope_theta == 10000.0 && model->sliding_window == 0 && !model->tied_head && !model->alibi &&
            !model->norm_head);
    QVERIFY(model->torch_dtype == "float32" && model->bos_ids == std::vector<int32_t>{1} &&
            model->eos_ids == std::vector<int32_t>{2});
  }

  void mistral() {
    const auto model = parse(
        R"({"architectures": ["MistralForCausalLM"], "sliding_window": 4096, "head_dim": 32, "rope_theta": 1e6})");
    VERIFY_OK(model);
    QVERIFY(model->family == Family::mistral && model->sliding_window == 4096 && model->head_dim == 32 &&
            model->rope_theta == 1e6);
    QCOMPARE(parse(R"({"architectures": ["MistralForCausalLM"], "sliding_window": null})")->sliding_window, 0);
  }

  void newer_keys() {
    const auto model =
        parse(R"({"torch_dtype": null, "dtype": "bfloat16", "architectures": null, "model_type": "mistral",
                                 "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}, "rope_scaling": null})");
    VERIFY_OK(model);
    QVERIFY(model->torch_dtype == "bfloat16" && model->rope_theta == 500000.0 && model->family == Family::mistral);
    VERIFY_OK(parse(R"({"rope_scaling": {"type": "default"}})"));
  }

  void eos_ids_of_every_shape() {
    QVERIFY((parse(R"({"eos_token_id": [2, 7]})")->eos_ids == std::vector<int32_t>{2, 7}));
    QVERIFY((parse("{}", R"({"eos_token_id": [1, 2]})")->eos_ids == std::vector<int32_t>{1, 2}));
    QVERIFY((parse("{}", R"({"temperature": 0.3})")->eos_ids == std::vector<int32_t>{2}));
    QVERIFY(parse(R"({"eos_token_id": null})")->eos_ids.empty());
    VERIFY_ERROR(parse("{}", R"({"eos_token_id": 512})"), ErrorKind::corrupt, "generation_config.json");
  }

  void baichuan_is_told_apart_data() {
    QTest::addColumn<QByteArray>("changes");
    QTest::addColumn<bool>("alibi");
    QTest::addColumn<bool>("norm_head");
    QTest::newRow("7B v1") << QByteArray(R"("vocab_size": 64000, "hidden_size": 4096, "num_attention_heads": 32)")
                           << false << false;
    QTest::newRow("7B v2") << QByteArray(R"("vocab_size": 125696, "hidden_size": 4096, "num_attention_heads": 32)")
                           << false << true;
    QTest::newRow("13B v1") << QByteArray(R"("vocab_size": 64000, "hidden_size": 5120, "num_attention_heads": 40)")
                            << true << false;
    QTest::newRow("13B v2") << QByteArray(R"("vocab_size": 125696, "hidden_size": 5120, "num_attention_heads": 40,
                                             "max_position_embeddings": null, "model_max_length": 4096)")
                            << true << true;
    QTest::newRow("keys win")
        << QByteArray(R"("vocab_size": 125696, "hidden_size": 4096, "position_embedding": "ALIBI", "norm_head": false)")
        << true << false;
    QTest::newRow("small") << QByteArray(R"("position_embedding": "ROPE", "norm_head": true)") << false << true;
  }
  void baichuan_is_told_apart() {
    QFETCH(QByteArray, changes);
    QFETCH(bool, alibi);
    QFETCH(bool, norm_head);
    const auto model = parse(baichuan(changes.toStdString()));
    VERIFY_OK(model);
    QVERIFY(model->family == Family::baichuan && model->num_kv_heads == model->num_heads);
    QCOMPARE(model->alibi, alibi);
    QCOMPARE(model->norm_head, norm_head);
  }

  void baichuan_that_cannot_be_told() {
    VERIFY_ERROR(parse(baichuan(R"("norm_head": true)")), ErrorKind::unsupported, "position_embedding");
    VERIFY_ERROR(parse(baichuan(R"("position_embedding": "ROPE")")), ErrorKind::unsupported, "norm_head");
  }

  void row52_ranges_data() {
    QTest::addColumn<QByteArray>("changes");
    QTest::addColumn<QByteArray>("part");
    for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                            "num_attention_heads", "num_key_value_heads", "max_position_embeddings", "head_dim"})
      for (const char* value : {"-1", "0", "2147483648", "1e308", "\"64\"", "64.0", "[64]", "18446744073709551615"})
        QTest::addRow("%s %s", key, value) << "{\"" + QByteArray(key) + "\":" + value + "}" << QByteArray(key) + " is ";
    const auto add = [](const char* changes, const char* part) {
      QTest::newRow(changes) << QByteArray(changes) << QByteArray(part);
    };
    add(R"({"vocab_size": 4194305})", "from 1 to 4194304");
    add(R"({"vocab_size": null})", "vocab_size is missing");
    add(R"({"num_hidden_layers": 1000000000})", "from 1 to 1024");
    add(R"({"num_attention_heads": 7})", "hidden_size 64 is not a multiple of num_attention_heads 7");
    add(R"({"num_key_value_heads": 3})", "num_attention_heads 8 is not a multiple of num_key_value_heads 3");
    add(R"({"num_key_value_heads": 16})", "not a multiple");
    add(R"({"rope_theta": 0})", "rope_theta is 0");
    add(R"({"rope_theta": -1.0})", "rope_theta is -1");
    add(R"({"rope_theta": 1e308})", "rope_theta is 1e+308");
    add(R"({"rope_parameters": {"rope_theta": "big"}})", "rope_theta is 'big'");
    add(R"({"rope_scaling": "linear"})", "rope_scaling is not an object");
    add(R"({"rms_norm_eps": 0})", "rms_norm_eps is 0");
    add(R"({"rms_norm_eps": 1e308})", "rms_norm_eps is 1e+308");
    add(R"({"head_dim": 7})", "even head_dim");
    add(R"({"hidden_size": 131072, "num_attention_heads": 1, "num_key_value_heads": 1})", "at most 1024");
    add(R"({"eos_token_id": -1})", "eos_token_id holds -1");
    add(R"({"bos_token_id": 512})", "expected ids from 0 to 511");
    add(R"({"eos_token_id": [2, "x"]})", "holds no number");
    add(R"({"tie_word_embeddings": 1})", "tie_word_embeddings is 1");
    add(R"({"architectures": "LlamaForCausalLM"})", "architectures is not a list");
    add(R"({"architectures": []})", "architectures is not a list");
  }
  void row52_ranges() {
    QFETCH(QByteArray, changes);
    QFETCH(QByteArray, part);
    VERIFY_ERROR(parse(changes.toStdString()), ErrorKind::corrupt, part.constData());
  }

  void row52_limits_themselves_are_accepted() {
    VERIFY_OK(parse(R"({"vocab_size": 4194304, "num_hidden_layers": 1024, "max_position_embeddings": 16777216})"));
    VERIFY_OK(parse(R"({"hidden_size": 65, "head_dim": 1024, "rope_theta": 1})"));
  }

  void row53_unsupported_is_named_data() {
    QTest::addColumn<QByteArray>("changes");
    QTest::addColumn<QByteArray>("part");
    const auto add = [](const char* changes, const char* part) {
      QTest::newRow(changes) << QByteArray(changes) << QByteArray(part);
    };
    add(R"({"architectures": ["MambaForCausalLM"]})",
        "'MambaForCausalLM' is not supported yet: choose a model that is LlamaForCausalLM");
    add(R"({"architectures": null, "model_type": "mamba"})", "'mamba'");
    add(R"({"architectures": null})", "config without architectures");
    add(R"({"rope_scaling": {"type": "linear", "factor": 2.0}})", "rope_scaling of type 'linear'");
    add(R"({"rope_scaling": {"rope_type": "llama3"}})", "'llama3'");
    add(R"({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}})", "'yarn'");
    add(R"({"attention_bias": true})", "attention_bias");
    add(R"({"mlp_bias": true})", "mlp_bias");
    add(R"({"hidden_act": "gelu"})", "'gelu'");
    add(R"({"partial_rotary_factor": 0.5})", "partial_rotary_factor 0.5");
    add(R"({"quantization_config": {"quant_method": "bitsandbytes"}})", "already quantized ('bitsandbytes')");
  }
  void row53_unsupported_is_named() {
    QFETCH(QByteArray, changes);
    QFETCH(QByteArray, part);
    VERIFY_ERROR(parse(changes.toStdString()), ErrorKind::unsupported, part.constData());
  }

  void not_even_an_object() {
    VERIFY_ERROR(parse_model_config(Json::array(), nullptr, "x"), ErrorKind::corrupt, "not a JSON object");
    VERIFY_ERROR(parse_model_config(config(), Json(3), "x"), ErrorKind::corrupt, "generation_config");
  }
};

QTEST_GUILESS_MAIN(ModelConfigTest)
#include "model_config_test.moc"
