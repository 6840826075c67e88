// Which files of a repository are taken, told as lists of names.
#include "core/hub/file_selection.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class SelectionTest : public QObject {
  Q_OBJECT

  static std::string chosen(const char* names, FileFilter filter = {}) {
    RepoListing listing;
    listing.repo = *RepoId::parse("acme/tiny");
    for (const QString& name : QString(names).split(' '))
      listing.files.push_back({*RepoPath::parse(name.toStdString()), 1, {}});
    const auto files = select_files(listing, filter);
    std::string text;
    for (const RemoteFile& file : files ? *files : std::vector<RemoteFile>()) text += file.path.text() + " ";
    return files ? text : "error: " + files.error().message;
  }

 private slots:
  void one_format_without_doubles_data() {
    QTest::addColumn<QString>("names");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* title, const char* names, const char* expected) {
      QTest::newRow(title) << names << expected;
    };
    row("safetensors before .bin", "config.json model.safetensors pytorch_model.bin tf_model.h5 flax_model.msgpack",
        "config.json model.safetensors ");
    row("shards with their index",
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json",
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json ");
    row("whole before shards", "model.safetensors model-00001-of-00001.safetensors", "model.safetensors ");
    row("the authors' own layout", "consolidated.safetensors model.safetensors params.json", "model.safetensors ");
    row("only the authors' own layout", "consolidated.safetensors", "consolidated.safetensors ");
    row("other precisions", "weights.safetensors weights.fp16.safetensors", "weights.safetensors ");
    row("bin", "pytorch_model.bin training_args.bin tokenizer.model", "pytorch_model.bin tokenizer.model ");
    row("one gguf", "m-Q4_K_M.gguf m-Q8_0.gguf m-Q2_K.gguf README.md", "README.md m-Q8_0.gguf ");
    row("shards of a gguf", "m-Q8_0-00001-of-00002.gguf m-Q8_0-00002-of-00002.gguf m-Q4_0.gguf",
        "m-Q8_0-00001-of-00002.gguf m-Q8_0-00002-of-00002.gguf ");
    row("no sub-folders, code, pictures", "model.safetensors original/a.safetensors modeling_x.py a.png LICENSE",
        "LICENSE model.safetensors ");
    row("text of the model", "model.safetensors tokenizer.json merges.txt vocab.json chat_template.jinja qwen.tiktoken",
        "chat_template.jinja merges.txt model.safetensors qwen.tiktoken tokenizer.json vocab.json ");
  }
  void one_format_without_doubles() {
    QFETCH(QString, names);
    QFETCH(QString, expected);
    QCOMPARE(QString::fromStdString(chosen(qPrintable(names))), expected);
  }

  void filters() {
    const char* names = "config.json model.safetensors onnx/model.onnx";
    QCOMPARE(chosen(names, {{"onnx/*"}, {}}), std::string("onnx/model.onnx "));
    QCOMPARE(chosen(names, {{"onnx/"}, {}}), std::string("onnx/model.onnx "));
    QCOMPARE(chosen(names, {{}, {"*.safetensors"}}), std::string("config.json "));
    QVERIFY(chosen(names, {{"nothing"}, {}}).starts_with("error: acme/tiny: --include"));
    QVERIFY(chosen("README.md").find("no weights in a known format") != std::string::npos);
  }

  void globs() {
    QVERIFY(matches_glob("model-00001-of-00002.safetensors", "model-*-of-*.safetensors"));
    QVERIFY(matches_glob("a/b", "a*b") && matches_glob("", "*") && matches_glob("abc", "a?c"));
    QVERIFY(!matches_glob("abc", "ab") && !matches_glob("ab", "abc") && !matches_glob("", "?"));
    QElapsedTimer timer;
    timer.start();
    QVERIFY(!matches_glob(std::string(1000, 'a'), "*a*a*a*a*a*a*a*a*a*b"));
    QVERIFY(timer.elapsed() < 100);
  }
};

QTEST_GUILESS_MAIN(SelectionTest)
#include "selection_test.moc"
