// The starter model that ships with the program: its files, its tokenizer, and the question it must answer.
#include <QtTest>

#include "core/base/file.h"
#include "tests/core/runtime/engine_fixture.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

const std::string kStarter = FLIGHTDECK_SOURCE_DIR "/resources/starter";

}  // namespace

class StarterTest : public QObject {
  Q_OBJECT
 private slots:
  void files_are_there_and_small() {
    for (const char* name : {"config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json",
                             "generation_config.json", "special_tokens_map.json", "README.md"}) {
      QVERIFY2(QFileInfo::exists(QString::fromStdString(kStarter + "/model/" + name)), name);
    }
    QVERIFY(QFileInfo(QString::fromStdString(kStarter + "/model/model.safetensors")).size() <= 32'000'000);
    QVERIFY(QFileInfo(QString::fromStdString(kStarter + "/heldout.txt")).size() >= 200'000);
  }

  void every_weight_is_bfloat16_of_a_shape_groups_of_128_fit() {
    const auto checkpoint = Checkpoint::open(kStarter + "/model");
    VERIFY_OK(checkpoint);
    QVERIFY(checkpoint->config().num_kv_heads < checkpoint->config().num_heads);
    for (const auto& [name, tensor] : checkpoint->tensors()) {
      QCOMPARE(tensor.dtype, DType::bf16);
      QCOMPARE(tensor.shape.back() % 128, 0);
    }
  }

  void tokenizer_gives_the_held_out_text_back() {
    const auto tokenizer = load_tokenizer(kStarter + "/model");
    VERIFY_OK(tokenizer);
    const std::string text = read_file(kStarter + "/heldout.txt", 1 << 20).value();
    QCOMPARE((*tokenizer)->decode((*tokenizer)->encode(text)), text);
  }

  void k2_question_is_answered_by_int8_and_int4_data() {
    QTest::addColumn<int>("qformat");
    QTest::newRow("int8_wo") << static_cast<int>(QFormat::int8_wo);
    QTest::newRow("int4_wo") << static_cast<int>(QFormat::int4_wo);
  }

  void k2_question_is_answered_by_int8_and_int4() {
    QFETCH(int, qformat);
    QTemporaryDir folder;
    BuildOptions options;
    options.model_dir = kStarter + "/model";
    options.output_dir = folder.filePath("engine").toStdString();
    options.qformat = static_cast<QFormat>(qformat);
    VERIFY_OK(build_engine(options));
    auto engine = load_engine(options.output_dir, {.device = "cpu"});
    VERIFY_OK(engine);
    auto prompt =
        (*engine)->chat_prompt().encode((*engine)->tokenizer(), {{Role::user, "世界上第二高的山峰是哪座?"}}, 512);
    VERIFY_OK(prompt);
    Collector answers;
    answers.submit(**engine, {.prompt = *prompt, .max_tokens = 100, .sampling = {.temperature = 0}});
    answers.wait();
    QVERIFY2(answers[0].text.find("乔戈里峰") != std::string::npos, answers[0].text.c_str());
    QVERIFY2(answers[0].text.find("8611 米") != std::string::npos, answers[0].text.c_str());
    QCOMPARE(answers[0].completion.reason, FinishReason::eos);
  }
};

QTEST_GUILESS_MAIN(StarterTest)
#include "starter_test.moc"
