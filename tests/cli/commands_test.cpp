// Every command on tiny random checkpoints: build, run, chat, bench, eval, inspect, tokenize, devices.
#include <QRegularExpression>

#include "core/bench/npy.h"
#include "tests/cli/program.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

class CommandsTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  QString path(const QString& name) const { return folder_.filePath(name); }
  Outcome run(const QStringList& more) const {
    return runProgram(QStringList{"run", "--engine_dir", path("engine"), "--max_output_len", "8"} + more);
  }

 private Q_SLOTS:
  void initTestCase() {
    VERIFY_OK(write_tiny_checkpoint(path("model").toStdString()));
    const Outcome outcome =
        runProgram({"build", "--model_dir", path("model"), "--output_dir", path("engine"), "--qformat", "int8_wo"});
    VERIFY_SUCCESS(outcome);
    QVERIFY2(outcome.out.contains("flightdeck chat --engine_dir"), qPrintable(outcome.out));
    QVERIFY(outcome.out.contains("operations"));
    QVERIFY2(outcome.err.contains("quantize\n"), qPrintable(outcome.err));  // one line a phase, no terminal here
  }

  void buildsAndRunsEveryShape_data() {
    QTest::addColumn<int>("shape");
    QTest::addColumn<QStringList>("flags");
    QTest::newRow("llama float32") << int(TinyShape::llama)
                                   << QStringList{"--qformat", "full_prec", "--dtype", "float32"};
    QTest::newRow("gqa int4") << int(TinyShape::llama_gqa_tied)
                              << QStringList{"--qformat", "int4_wo", "--group_size", "32"};
    QTest::newRow("baichuan int8 with head")
        << int(TinyShape::baichuan2) << QStringList{"--use-weight-only", "--quantize_lm_head"};
    QTest::newRow("baichuan int4 as TensorRT-LLM spells it")
        << int(TinyShape::baichuan2)
        << QStringList{"--use_weight_only",       "--weight_only_precision",    "int4",   "--group_size=64",
                       "--use_inflight_batching", "--use_gpt_attention_plugin", "float16"};
  }
  void buildsAndRunsEveryShape() {
    QFETCH(int, shape);
    QFETCH(QStringList, flags);
    const QTemporaryDir here;
    TinyModel model;
    model.shape = static_cast<TinyShape>(shape);
    VERIFY_OK(write_tiny_checkpoint(here.filePath("m").toStdString(), model));
    VERIFY_SUCCESS(runProgram(
        QStringList{"build", "--model_dir", here.filePath("m"), "--output_dir", here.filePath("e")} + flags));
    const Outcome answered = runProgram(
        {"run", "--engine_dir", here.filePath("e"), "--max_output_len", "4", "--ignore_eos", "--input_text", "hello"});
    VERIFY_SUCCESS(answered);
    QVERIFY2(answered.out.startsWith("Input [Text 0]: \"hello\"\nOutput [Text 0 Beam 0]: \""),
             qPrintable(answered.out));
    QVERIFY(answered.out.endsWith("\"\n"));
  }

  void answersAlikeStreamedAndNot() {
    const QStringList flags = {"--ignore_eos",
                               "--input_text",
                               "one",
                               "--input_text",
                               "[two, 2]",
                               "--temperature",
                               "1",
                               "--top_k",
                               "0",
                               "--random_seed",
                               "7"};
    const Outcome plain = run(flags), streamed = run(flags + QStringList{"--streaming", "--stats"});
    VERIFY_SUCCESS(plain);
    VERIFY_SUCCESS(streamed);
    QCOMPARE(streamed.out, plain.out);
    QVERIFY2(plain.out.contains("Input [Text 1]: \"[two, 2]\"\n"), qPrintable(plain.out));
    for (const char* part : {"prompt tokens: ", "generated tokens: 16", "time to first token: ", " tok/s", "memory: "})
      QVERIFY2(streamed.err.contains(part), qPrintable(streamed.err));
  }

  void takesTextsThatLookLikeFlags() {
    const Outcome outcome = run({"--input-text", "--not-a-flag", "run", "--top-k", "2"});
    VERIFY_SUCCESS(outcome);
    QVERIFY(outcome.out.contains("Input [Text 0]: \"--not-a-flag\"\n"));
    QVERIFY(outcome.out.contains("Input [Text 1]: \"run\"\n"));
  }

  void answersInTheModelsChatFormat() {
    const Outcome outcome = run({"--chat", "--system", "short", "--input_text", "hi"});
    VERIFY_SUCCESS(outcome);
  }

  void readsAndWritesIds() {
    writeContent(path("ids.csv"), "261,262,263\n261,264\n");
    VERIFY_SUCCESS(run({"--ignore_eos", "--input_file", path("ids.csv"), "--output_npy", path("out.npy"),
                        "--output_csv", path("out.csv"), "--output_logits_npy", path("logits.npy")}));
    const auto table = parse_npy_ids(contentOf(path("out.npy")).toStdString(), "out.npy");
    VERIFY_OK(table);
    QCOMPARE(table->rows, size_t(2));
    QCOMPARE(table->cols, size_t(11));
    QCOMPARE(table->values[1], int64_t(262));
    const QByteArray logits = contentOf(path("logits.npy"));
    QVERIFY2(logits.left(128).contains("'<f4', 'fortran_order': False, 'shape': (10, 320)"),
             logits.left(128).constData());
    // The written table is a prompt again.
    VERIFY_SUCCESS(run({"--input_file", path("out.npy")}));
    QCOMPARE(contentOf(path("out.csv")).count('\n'), 2);
  }

  void chatsLineByLine() {
    const Outcome outcome = runProgram({"chat", "--engine_dir", path("engine"), "--max_output_len", "4"},
                                       "hello\nsecond \\\nline\n/temp 0\n/max 3\n/stats\n/bogus\n/save " +
                                           path("chat.md").toUtf8() + "\n/system be kind\n/quit\n");
    VERIFY_SUCCESS(outcome);
    for (const char* part :
         {"Temperature 0", "At most 3", "last answer: ", "no command /bogus", "Saved to", "System text set"})
      QVERIFY2(outcome.err.contains(part), qPrintable(outcome.err));
    QVERIFY(contentOf(path("chat.md")).contains("## You\n\nsecond \nline\n"));
  }

  void benchPrintsBenchmarkPysLine() {
    const QStringList flags = {"bench",
                               "--engine_dir",
                               path("engine"),
                               "--batch_size",
                               "1;2",
                               "--input_output_len",
                               "8,4",
                               "--warm_up",
                               "0",
                               "--num_runs",
                               "2"};
    const Outcome outcome = runProgram(flags);
    VERIFY_SUCCESS(outcome);
    const QStringList lines = outcome.out.split('\n', Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), 2);
    const QRegularExpression format(
        R"(^\[BENCHMARK\] model_name \S+ world_size 1 num_heads 4 num_kv_heads 4 num_layers 2 hidden_size 64 vocab_size 320 precision float16 batch_size 2 input_length 8 output_length 4 gpu_peak_mem\(gb\) [\d.]+ build_time\(s\) [\d.]+ tokens_per_sec [\d.]+ percentile95\(ms\) [\d.]+ percentile99\(ms\) [\d.]+ latency\(ms\) [\d.]+ compute_cap cpu generation_time\(ms\) [\d.]+ total_generated_tokens \d+ generation_tokens_per_second [\d.]+ quantization int8_wo lm_head float16$)");
    QVERIFY2(format.match(lines[1]).hasMatch(), qPrintable(lines[1]));
    const Outcome csv = runProgram(flags + QStringList{"--csv"});
    VERIFY_SUCCESS(csv);
    const QStringList table = csv.out.split('\n', Qt::SkipEmptyParts);
    QCOMPARE(table.size(), 3);
    QCOMPARE(table[0].count(','), table[2].count(','));
  }

  void benchReplaysATrace() {
    for (const char* type : {"IFB", "V1"}) {
      const Outcome outcome =
          runProgram({"bench", "--engine_dir", path("engine"), "--dataset", "synthetic:12", "--type", type,
                      "--max_input_len", "16", "--max_output_len", "8", "--max_batch_size", "4"});
      VERIFY_SUCCESS(outcome);
      for (const char* key : {"num_samples 12", "total_latency(ms) ", "seq_throughput(seq/sec) ",
                              "avg_sequence_latency(ms) ", "token_throughput(token/sec) "})
        QVERIFY2(outcome.out.contains(key), qPrintable(outcome.out));
    }
  }

  void evalPrintsPerplexity() {
    writeContent(path("text.txt"),
                 "the quick brown fox jumps over the lazy dog and runs away from everything it knows");
    const Outcome outcome =
        runProgram({"eval", "--engine_dir", path("engine"), "--text", path("text.txt"), "--ctx", "16"});
    VERIFY_SUCCESS(outcome);
    const auto match = QRegularExpression(R"(^perplexity ([\d.]+) tokens (\d+)\n$)").match(outcome.out);
    QVERIFY2(match.hasMatch(), qPrintable(outcome.out));
    QVERIFY(match.captured(1).toDouble() > 50 &&
            match.captured(1).toDouble() < 1500);  // of random weights: about the vocabulary
    QVERIFY(match.captured(2).toInt() > 16);
  }

  void inspectTellsWhatIsThere() {
    const Outcome model = runProgram({"inspect", path("model")});
    VERIFY_SUCCESS(model);
    for (const char* part :
         {"LlamaForCausalLM", "Graph before:", "Graph after:", "fuse_qkv", "model.embed_tokens.weight", "chat_format"})
      QVERIFY2(model.out.contains(part), qPrintable(model.out));
    const Outcome engine = runProgram({"inspect", path("engine")});
    VERIFY_SUCCESS(engine);
    for (const char* part : {"int8_wo", "Plan:", "cached_attention", "Weights:"})
      QVERIFY2(engine.out.contains(part), part);
    VERIFY_SUCCESS(runProgram({"inspect", path("model/model.safetensors")}));
    for (const char* what : {"model", "engine", "model/model.safetensors"}) {
      const Outcome json = runProgram({"inspect", "--json", path(what)});
      VERIFY_SUCCESS(json);
      QVERIFY(QJsonDocument::fromJson(json.out.toUtf8()).object().contains("kind"));
    }
  }

  void tokenizeGoesBothWays() {
    const Outcome ids = runProgram({"tokenize", "--model_dir", path("model"), "--text", "hello 世界"});
    VERIFY_SUCCESS(ids);
    const Outcome text = runProgram({"tokenize", "--model_dir", path("engine"), "--ids", ids.out.section('\n', 0, 0)});
    VERIFY_SUCCESS(text);
    QCOMPARE(text.out, QStringLiteral("hello 世界\n"));
  }

  void helpOfEveryCommand() {
    for (const char* command : {"build", "run", "chat", "bench", "eval", "inspect", "tokenize", "template", "devices"}) {
      const Outcome help = runProgram({command, "--help"});
      VERIFY_SUCCESS(help);
      QVERIFY2(help.out.contains("--help"), command);
    }
    QVERIFY(runProgram({"--version"}).out.startsWith("flightdeck 0."));
    const Outcome devices = runProgram({"devices"});
    VERIFY_SUCCESS(devices);
    QVERIFY2(devices.out.startsWith("cpu: "), qPrintable(devices.out));
    QVERIFY(devices.out.contains("\ncuda: "));
  }
};

QTEST_GUILESS_MAIN(CommandsTest)
#include "commands_test.moc"
