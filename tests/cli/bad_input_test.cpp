// What a user gets wrong: a message that names it and the next step, and an exit code that is not 0.
#include <QJsonDocument>
#include <QJsonObject>

#include "tests/cli/program.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

using namespace flightdeck;
using namespace flightdeck::test;

class BadInputTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  QString path(const QString& name) const { return folder_.filePath(name); }

  void copyModel(const QString& name) const {
    QVERIFY(QDir().mkpath(path(name)));
    for (const QString& file : QDir(path("model")).entryList(QDir::Files))
      QVERIFY(QFile::copy(path("model/" + file), path(name + "/" + file)));
  }
  void changeConfig(const QString& name, const QString& key, const QJsonValue& value) const {
    const QString file = path(name + "/config.json");
    QJsonObject config = QJsonDocument::fromJson(contentOf(file)).object();
    config[key] = value;
    writeContent(file, QJsonDocument(config).toJson());
  }

 private Q_SLOTS:
  void initTestCase() {
    VERIFY_OK(write_tiny_checkpoint(path("model").toStdString()));
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", path("model"), "--output_dir", path("engine")}));
    copyModel("truncated");
    const QByteArray weights = contentOf(path("model/model.safetensors"));
    writeContent(path("truncated/model.safetensors"), weights.left(weights.size() / 2));
    copyModel("unknown");
    changeConfig("unknown", "architectures", QJsonArray{"GPT9ForCausalLM"});
    copyModel("hostile");
    changeConfig("hostile", "num_hidden_layers", -3);
    QVERIFY(QDir().mkpath(path("damaged")));
    for (const QString& file : QDir(path("engine")).entryList(QDir::Files))
      QVERIFY(QFile::copy(path("engine/" + file), path("damaged/" + file)));
    for (const QString& file : QDir(path("damaged")).entryList({"*.safetensors"}, QDir::Files)) {
      QByteArray bytes = contentOf(path("damaged/" + file));
      bytes[bytes.size() - 7] = static_cast<char>(bytes[bytes.size() - 7] ^ 0x10);
      writeContent(path("damaged/" + file), bytes);
    }
    for (const char* name : {"manifest", "plan", "lost"}) {
      QVERIFY(QDir().mkpath(path(name)));
      for (const QString& file : QDir(path("engine")).entryList(QDir::Files))
        QVERIFY(QFile::copy(path("engine/" + file), path(QString(name) + "/" + file)));
    }
    writeContent(path("manifest/engine.json"), "{\"name\":");
    writeContent(path("plan/plan.json"), contentOf(path("plan/plan.json")).left(100));
    QVERIFY(QFile::remove(path("lost/tokenizer.model")));
    writeContent(path("empty.txt"), "");
    writeContent(path("ids.csv"), "5,100000\n");
    writeContent(path("text.txt"), "some text to be read");
    writeContent(path("bad.npy"), "no numpy");
  }

  void isRefused_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QStringList>("parts");  // of the message
    const auto row = [](const char* name, QStringList arguments, QStringList parts) {
      QTest::newRow(name) << std::move(arguments) << std::move(parts);
    };
    const QStringList build = {"build", "--output_dir", path("out"), "--model_dir"};
    const QStringList run = {"run", "--engine_dir", path("engine"), "--max_output_len", "8"};
    row("no such model", build + QStringList{path("nowhere")}, {"nowhere", "name the folder"});
    row("a file is no model", build + QStringList{path("text.txt")}, {"text.txt", "name the folder"});
    row("empty path", build + QStringList{""}, {"''", "name the folder"});
    row("an engine is no model", build + QStringList{path("engine")}, {"config.json", "choose the folder of a model"});
    row("truncated weights", build + QStringList{path("truncated")}, {"model.safetensors", "download the model again"});
    row("unknown architecture", build + QStringList{path("unknown")},
        {"GPT9ForCausalLM", "choose a model", "LlamaForCausalLM"});
    row("negative layers", build + QStringList{path("hostile")}, {"num_hidden_layers", "-3"});
    row("output exists", {"build", "--model_dir", path("model"), "--output_dir", path("engine")},
        {"engine", "overwrite"});
    row("qformat", build + QStringList{path("model"), "--qformat", "int3"}, {"int3", "int8_wo"});
    row("dtype", build + QStringList{path("model"), "--dtype", "float8"}, {"float8", "float16"});
    row("group size", build + QStringList{path("model"), "--qformat", "int4_wo", "--group_size", "33"}, {"33"});
    const std::pair<const char*, QStringList> folders[] = {{"nowhere", {"check the path", "build the engine"}},
                                                           {"text.txt", {"is a file", "name the folder"}},
                                                           {"model", {"engine.json", "build one"}},
                                                           {"damaged", {"checksum", "build the engine again"}},
                                                           {"manifest", {"engine.json", "build the engine again"}},
                                                           {"plan", {"plan.json", "build the engine again"}},
                                                           {"lost", {"tokenizer.model", "build the engine again"}}};
    for (const auto& [folder, parts] : folders)
      for (const QStringList& command :
           {QStringList{"run", "--max_output_len", "1", "--input_text", "x"}, QStringList{"chat"},
            QStringList{"bench", "--batch_size", "1", "--input_output_len", "4,2"},
            QStringList{"eval", "--text", path("text.txt")}})
        row(qPrintable(command.first() + " on " + folder), command + QStringList{"--engine_dir", path(folder)},
            parts + QStringList{folder});
    row("long prompt", run + QStringList{"--input_text", QString("word ").repeated(200)},
        {"context", "shorten the prompt"});
    row("bench: long prompt",
        {"bench", "--engine_dir", path("engine"), "--batch_size", "1", "--input_output_len", "400,2"},
        {"400", "context", "shorten the prompt"});
    row("long answer", {"run", "--engine_dir", path("engine"), "--max_output_len", "5000", "--input_text", "x"},
        {"5000", "context"});
    row("no input", run, {"--input_text"});
    row("id beyond the vocabulary", run + QStringList{"--input_file", path("ids.csv")}, {"100000", "319"});
    row("no numpy file", run + QStringList{"--input_file", path("bad.npy")}, {"bad.npy", "NUMPY"});
    row("temperature", run + QStringList{"--input_text", "x", "--temperature", "-1"}, {"temperature", "-1"});
    row("device", run + QStringList{"--input_text", "x", "--device", "tpu"}, {"tpu", "cpu"});
    row("unwritable output", run + QStringList{"--input_text", "x", "--output_csv", path("no/such/folder/o.csv")},
        {"o.csv", "choose a folder that exists"});
    row("a folder as output", run + QStringList{"--input_text", "x", "--output_csv", path("model")},
        {"model", "name a new file"});
    row("a file in the way", {"build", "--model_dir", path("model"), "--output_dir", path("text.txt/out")},
        {"text.txt", "a file stands where", "check the path"});
    row("text file missing", {"eval", "--engine_dir", path("engine"), "--text", path("gone.txt")},
        {"gone.txt", "check the path"});
    row("text file empty", {"eval", "--engine_dir", path("engine"), "--text", path("empty.txt")},
        {"empty.txt", "give a longer text"});
    row("window too large", {"eval", "--engine_dir", path("engine"), "--text", path("text.txt"), "--ctx", "4096"},
        {"4096", "128"});
    row("bench what", {"bench"}, {"--engine_dir", "-m"});
    row("bench model", {"bench", "-m", "gpt5"}, {"gpt5", "tinyllama_1.1b"});
    row("bench lengths", {"bench", "-m", "tinyllama_1.1b", "--input_output_len", "32"}, {"32,50"});
    row("bench trace", {"bench", "--engine_dir", path("engine"), "--dataset", path("gone.json")},
        {"gone.json", "check the path"});
    row("bench no trace", {"bench", "--engine_dir", path("engine"), "--dataset", path("text.txt")},
        {"text.txt", "synthetic:64"});
    row("inspect nothing", {"inspect", path("nowhere")}, {"nowhere", "check the path"});
    row("inspect a text", {"inspect", path("text.txt")}, {"text.txt", ".safetensors", "name one of these"});
    row("inspect a folder", {"inspect", folder_.path()}, {folder_.path(), "name the folder of one"});
    row("inspect truncated", {"inspect", path("truncated/model.safetensors")},
        {"model.safetensors", "download the file again"});
    row("inspect a damaged engine", {"inspect", path("plan")}, {"plan.json", "build the engine again"});
    row("tokenize nowhere", {"tokenize", "--model_dir", path("nowhere"), "--text", "x"},
        {"nowhere", "choose the folder of a model"});
    row("tokenize without a tokenizer", {"tokenize", "--model_dir", path("lost"), "--text", "x"},
        {"no tokenizer.model", "choose the folder of a complete model"});
    row("tokenize nothing", {"tokenize", "--model_dir", path("model")}, {"--text"});
    row("tokenize ids", {"tokenize", "--model_dir", path("model"), "--ids", "5 x"}, {"'x'"});
    row("tokenize id range", {"tokenize", "--model_dir", path("model"), "--ids", "99999"}, {"99999"});
    row("misspelt flag", {"run", "--engine_dir", path("engine"), "--max_outptu_len", "3"},
        {"--max_outptu_len", "did you mean --max_output_len"});
    row("unknown flag", run + QStringList{"--frobnicate"}, {"--frobnicate", "run --help"});
    row("misspelt command", {"biuld"}, {"'biuld'", "did you mean build"});
    row("unknown command", {"frobnicate"}, {"frobnicate", "tokenize"});
    row("missing flag", {"build"}, {"required", "build --help"});
    row("word for a number", run + QStringList{"--top_k", "many"}, {"top_k"});
  }
  void isRefused() {
    QFETCH(QStringList, arguments);
    QFETCH(QStringList, parts);
    const Outcome outcome = runProgram(arguments);
    QVERIFY2(outcome.code == 1 || outcome.code == 2, qPrintable(QString::number(outcome.code) + outcome.err));
    QVERIFY2(outcome.err.contains("flightdeck: "), qPrintable(outcome.err));
    for (const QString& part : parts)
      QVERIFY2(outcome.err.contains(part), qPrintable(part + " is not in: " + outcome.err));
    QVERIFY2(!QFileInfo::exists(path("out")), "a failed build left its folder");
    QVERIFY(!QFileInfo::exists(path("out.partial")));
  }

  void aModelWithoutTokenizerIsBuiltWithAWarning() {
    copyModel("mute");
    QVERIFY(QFile::remove(path("mute/tokenizer.model")));
    const Outcome outcome = runProgram({"build", "--model_dir", path("mute"), "--output_dir", path("mute-engine")});
    VERIFY_SUCCESS(outcome);
    QVERIFY2(outcome.err.contains("no tokenizer.model") && outcome.err.contains("not run"), qPrintable(outcome.err));
    QVERIFY(!outcome.out.contains("flightdeck chat"));
  }

  void overwriteReplaces() {
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", path("model"), "--output_dir", path("again")}));
    VERIFY_SUCCESS(runProgram({"build", "--model_dir", path("model"), "--output_dir", path("again"), "--overwrite",
                               "--qformat", "int4_wo", "--group_size", "32"}));
    QVERIFY(runProgram({"inspect", path("again")}).out.contains("int4_wo"));
  }

  void aFullDiskBehindStdoutIsAFailure() {
    if (!QFileInfo::exists("/dev/full")) QSKIP("there is no /dev/full here");
    QProcess process;
    process.setStandardOutputFile("/dev/full");
    process.start(QStringLiteral(FLIGHTDECK_PROGRAM), {"devices"});
    QVERIFY(process.waitForFinished());
    QCOMPARE(process.exitCode(), 1);
  }
};

QTEST_GUILESS_MAIN(BadInputTest)
#include "bad_input_test.moc"
