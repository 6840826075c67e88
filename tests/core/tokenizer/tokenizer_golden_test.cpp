// Real vocabularies against the ids that llama.cpp and mistral-common give.
#include <QtTest>
#include <sstream>

#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/sentencepiece_bytes.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::shared_data;

namespace {

std::shared_ptr<const Tokenizer> open(const std::string& model_file) {
  return make_sentencepiece_tokenizer(read_file(model_file, 64 << 20).value(), {}, model_file).value();
}

std::vector<int32_t> ids_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<int32_t> ids;
  for (int32_t id = 0; stream >> id;) ids.push_back(id);
  return ids;
}

}  // namespace

class TokenizerGoldenTest : public QObject {
  Q_OBJECT
 private slots:
  void llama2_vectors() {
    const std::string model = shared_data("tokenizers/llama2/tokenizer.model");
    const std::string texts = shared_data("tokenizers/llamacpp-vocab-vectors/ggml-vocab-llama-spm.gguf.inp");
    SKIP_WITHOUT(model);
    SKIP_WITHOUT(texts);
    const auto tokenizer = open(model);
    std::string rest = read_file(texts, 1 << 20).value();
    std::istringstream wanted(read_file(texts.substr(0, texts.size() - 3) + "out", 1 << 20).value());
    const std::string mark = "\n__ggml_vocab_test__\n";
    int cases = 0;
    for (size_t end; (end = rest.find(mark)) != std::string::npos; rest.erase(0, end + mark.size()), ++cases) {
      std::string line;
      QVERIFY(std::getline(wanted, line));
      const std::string text = rest.substr(0, end);
      QVERIFY2(tokenizer->encode(text) == ids_of(line), text.c_str());
      QCOMPARE(tokenizer->decode(tokenizer->encode(text)), text);
    }
    QCOMPARE(cases, 46);
  }

  void llama2_folder() {
    const std::string model = shared_data("tokenizers/llama2/tokenizer.model");
    SKIP_WITHOUT(model);
    const auto tokenizer = load_tokenizer(model.substr(0, model.rfind('/')));
    VERIFY_OK(tokenizer);
    QCOMPARE((*tokenizer)->vocab_size(), 32000);
    QCOMPARE((*tokenizer)->bos_id(), 1);
    QCOMPARE((*tokenizer)->eos_id(), 2);
    QVERIFY((*tokenizer)->add_bos());
    QVERIFY((*tokenizer)->adds_leading_space());
    QCOMPARE((*tokenizer)->piece(278), std::string("▁the"));
    QCOMPARE((*tokenizer)->token_bytes(278), std::string(" the"));
    QCOMPARE((*tokenizer)->token_bytes(13), std::string("\n"));
    QCOMPARE((*tokenizer)->token_bytes(1), std::string());
  }

  void stories_prompt() {
    const std::string model = shared_data("models/stories260K-hf/tokenizer.model");
    const std::string golden = shared_data("models/stories260K/golden_greedy_prompt.json");
    SKIP_WITHOUT(model);
    SKIP_WITHOUT(golden);
    const auto tokenizer = load_tokenizer(model.substr(0, model.rfind('/'))).value();
    const auto wanted = read_json_file(golden).value()["prompt_ids"].get<std::vector<int32_t>>();
    std::vector<int32_t> ids = tokenizer->encode("One day, Lily met a Shoggoth");
    ids.insert(ids.begin(), tokenizer->bos_id());
    QCOMPARE(ids, wanted);
  }

  void mistral_chat_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<QString>("version");
    QTest::newRow("v1") << "tokenizer.model.v1"
                        << "v1";
    QTest::newRow("v2") << "mistral_instruct_tokenizer_240216.model.v2"
                        << "v2";
    QTest::newRow("v3") << "mistral_instruct_tokenizer_240323.model.v3"
                        << "v3";
  }
  void mistral_chat() {
    QFETCH(QString, model);
    QFETCH(QString, version);
    const std::string file = shared_data("tokenizers/mistral/" + model.toStdString());
    const std::string chat = shared_data("tokenizers/mistral-chat-token-vectors/no_tools");
    SKIP_WITHOUT(file);
    SKIP_WITHOUT(chat);
    const auto tokenizer = open(file);
    const auto wanted = read_json_file(chat + "/tokens_" + version.toStdString() + ".json")
                            .value()["tokens"]
                            .get<std::vector<int32_t>>();
    // Every piece of the expected prompt, spelled again, is the same prompt.
    std::vector<int32_t> ids;
    for (const int32_t id : wanted) ids.push_back(tokenizer->id_of(tokenizer->piece(id)));
    QCOMPARE(ids, wanted);
    QVERIFY(tokenizer->decode(wanted).find("The result of 10 x 8 is 80.") != std::string::npos);
  }

  void round_trips_data() {
    QTest::addColumn<QString>("model");
    for (const char* model :
         {"tokenizers/llama2/tokenizer.model", "tokenizers/mistral/tokenizer.model.v1",
          "tokenizers/mistral/mistral_instruct_tokenizer_241114.model.v7", "models/stories260K-hf/tokenizer.model"})
      QTest::newRow(model) << model;
  }
  void round_trips() {
    QFETCH(QString, model);
    const std::string file = shared_data(model.toStdString());
    SKIP_WITHOUT(file);
    const auto tokenizer = open(file);
    if (!model.contains("stories"))  // that one collapses blanks
      QCOMPARE(tokenizer->decode(tokenizer->encode(" two  blanks   ")), std::string(" two  blanks   "));
    for (const std::string& text :
         {std::string("世界上第二高的山峰是哪座?"), std::string("a\0b", 3), std::string("<s></s>[INST]<unk>"),
          std::string("👩‍👩‍👧‍👦\u0301\u200b\r\n\t"), std::string("<0x0A>")})
      QCOMPARE(tokenizer->decode(tokenizer->encode(text)), text);
    for (const int32_t id : tokenizer->encode("<s></s>[INST]<unk>[/INST]")) QVERIFY(!tokenizer->is_control(id));
  }
};

QTEST_GUILESS_MAIN(TokenizerGoldenTest)
#include "tokenizer_golden_test.moc"
