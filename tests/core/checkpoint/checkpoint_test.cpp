#include "core/checkpoint/checkpoint.h"

#include <sys/stat.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/base/float16.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::tensor_entry;

namespace {

const char* const kConfig =
    R"({"architectures": ["LlamaForCausalLM"], "vocab_size": 2, "hidden_size": 4, "intermediate_size": 4,
  "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8})";

/// One F32 tensor [2, 4] of this name.
std::string shard(const std::string& name) {
  return test::safetensors_of({tensor_entry(name, "F32", "[2,4]", 0, 32)}, 32);
}

}  // namespace

class CheckpointTest : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    write("config.json", kConfig);
  }

  void one_file() {
    write("model.safetensors", shard("model.embed_tokens.weight"));
    const auto checkpoint = open();
    VERIFY_OK(checkpoint);
    QVERIFY(checkpoint->find("model.embed_tokens.weight") && !checkpoint->find("other"));
    QVERIFY(checkpoint->total_bytes() == 32 && checkpoint->files() == std::vector<std::string>{"model.safetensors"});
    VERIFY_OK(checkpoint->weight("model.embed_tokens.weight", {2, 4}));
    VERIFY_ERROR(checkpoint->weight("model.embed_tokens.weight", {4, 2}), ErrorKind::corrupt,
                 "is [2, 4], config.json asks for [4, 2]");
    VERIFY_ERROR(checkpoint->weight("model.norm.weight", {4}), ErrorKind::corrupt, "model.norm.weight is missing");
    checkpoint->drop(*checkpoint->find("model.embed_tokens.weight"));
    VERIFY_OK(checkpoint->unchanged());
  }

  void row33_sharded() {
    write_shards(
        R"({"metadata": {"total_size": 64}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})");
    const auto checkpoint = open();
    VERIFY_OK(checkpoint);
    QVERIFY(checkpoint->find("a") && checkpoint->find("b") && checkpoint->files().size() == 2);
  }

  void row33_lying_total_size_is_not_believed() {
    write_shards(
        R"({"metadata": {"total_size": -1e308}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})");
    QCOMPARE(open()->total_bytes(), 64u);
  }

  void row33_bad_indexes_data() {
    QTest::addColumn<QByteArray>("weight_map");
    QTest::addColumn<QByteArray>("part");
    QTest::addColumn<int>("kind");
    const auto add = [](const char* name, const char* map, const char* part, ErrorKind kind = ErrorKind::corrupt) {
      QTest::newRow(name) << QByteArray(map) << QByteArray(part) << static_cast<int>(kind);
    };
    add("missing shards", R"({"a": "model-1.safetensors", "b": "model-3.safetensors", "c": "model-4.safetensors"})",
        "2 of 3 weight files are missing: 'model-3.safetensors', 'model-4.safetensors'", ErrorKind::not_found);
    add("missing tensor", R"({"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-2.safetensors"})",
        "in no weight file: 'c'");
    add("extra tensor", R"({"a": "model-1.safetensors", "c": "model-2.safetensors"})", "does not place there: 'b'");
    add("wrong shard", R"({"b": "model-1.safetensors", "a": "model-2.safetensors"})", "does not place there: 'a'");
    add("parent", R"({"a": "../model-1.safetensors"})", "not the name of a .safetensors file");
    add("absolute", R"({"a": "/etc/model-1.safetensors"})", "not the name");
    add("subfolder", R"({"a": "sub/model-1.safetensors"})", "not the name");
    add("backslash", R"({"a": "..\\model-1.safetensors"})", "not the name");
    add("drive", R"({"a": "C:model-1.safetensors"})", "not the name");
    add("two dots", R"({"a": "..safetensors"})", "not the name");
    add("other ending", R"({"a": "config.json"})", "not the name");
    add("control byte", R"({"a": "a\u0000.safetensors"})", "not the name");
    add("number", R"({"a": 1})", "something that is no text");
    add("empty", "{}", "no weight_map");
    add("list", "[]", "no weight_map");
    add("row29 duplicate", R"({"a": "model-1.safetensors", "a": "model-2.safetensors"})", "'a' appears twice");
  }
  void row33_bad_indexes() {
    QFETCH(QByteArray, weight_map);
    QFETCH(QByteArray, part);
    QFETCH(int, kind);
    write_shards("{\"weight_map\": " + weight_map.toStdString() + "}");
    VERIFY_ERROR(open(), static_cast<ErrorKind>(kind), part.constData());
  }

  void row33_one_tensor_in_two_shards() {
    write("model-3.safetensors", shard("a"));
    write_shards(R"({"weight_map": {"a": "model-1.safetensors", "b": "model-3.safetensors"}})");
    VERIFY_ERROR(open(), ErrorKind::corrupt, "'a' is already in another weight file");
  }

  void row34_pickles_are_not_opened() {
    write("pytorch_model.bin", "cos\nsystem\n(S'true'\ntR.");
    VERIFY_ERROR(open(), ErrorKind::unsupported,
                 "has only pytorch_model.bin, which this version cannot read yet; convert it to safetensors");
  }

  void folders_without_weights() {
    VERIFY_ERROR(open(), ErrorKind::not_found, "has no model.safetensors");
    write("model.Q4_0.gguf", "GGUF");
    VERIFY_ERROR(open(), ErrorKind::unsupported, "model.Q4_0.gguf");
    VERIFY_ERROR(Checkpoint::open(path("nowhere")), ErrorKind::not_found, "no such folder");
    VERIFY_ERROR(Checkpoint::open(path("config.json")), ErrorKind::invalid_input, "is a file");
    std::filesystem::remove(path("config.json"));
    VERIFY_ERROR(open(), ErrorKind::not_found, "config.json");
  }

  void row52_vocabulary_against_the_embedding() {
    write("model.safetensors",
          test::safetensors_of({tensor_entry("model.embed_tokens.weight", "F16", "[3,4]", 0, 24)}, 24));
    VERIFY_ERROR(open(), ErrorKind::corrupt, "vocab_size 2 and hidden_size 4, but model.embed_tokens.weight is [3, 4]");
  }

  void row31_integers_where_weights_are_needed() {
    write("model.safetensors",
          test::safetensors_of({tensor_entry("ids", "I64", "[1]", 0, 8), tensor_entry("w", "I8", "[4]", 8, 12)}, 12));
    const auto checkpoint = open();
    VERIFY_OK(checkpoint);
    QVERIFY(!checkpoint->find("ids"));
    VERIFY_ERROR(checkpoint->weight("ids", {1}), ErrorKind::unsupported,
                 "needs F16, BF16 or F32, got I64 for tensor ids");
    VERIFY_ERROR(checkpoint->weight("w", {4}), ErrorKind::unsupported, "got integers for tensor w");
  }

  void row54_weights_that_vanish_while_they_are_read() {
    write("model.safetensors", shard("a"));
    const auto checkpoint = open();
    std::filesystem::resize_file(path("model.safetensors"), 0);
    float row[8];
    convert_to_f32(*checkpoint->find("a"), 0, 2, row);
    QCOMPARE(row[7], 0.0f);
    VERIFY_ERROR(checkpoint->unchanged(), ErrorKind::io, "model.safetensors");
  }

  void row55_weights_that_are_no_file() {
    QCOMPARE(mkfifo(path("model.safetensors").c_str(), 0600), 0);
    VERIFY_ERROR(open(), ErrorKind::invalid_input, "a pipe");
    std::filesystem::remove(path("model.safetensors"));
    write("model.safetensors", "");
    VERIFY_ERROR(open(), ErrorKind::corrupt, "truncated at 0 bytes");
    std::filesystem::remove(path("config.json"));
    std::filesystem::create_directory(path("config.json"));
    VERIFY_ERROR(open(), ErrorKind::invalid_input, "a folder");
  }

  void rows_become_floats() {
    const uint16_t halves[6] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x3800, 0x8000};
    for (const DType dtype : {DType::f16, DType::bf16}) {
      std::vector<std::byte> unaligned(13);
      std::memcpy(unaligned.data() + 1, halves, sizeof halves);
      const TensorInfo tensor{"t", dtype, {3, 2}, std::span(unaligned).subspan(1)};
      float out[4];
      convert_to_f32(tensor, 1, 3, out);
      for (int i = 0; i < 4; ++i)
        QCOMPARE(out[i], dtype == DType::f16 ? f16_to_f32(halves[i + 2]) : bf16_to_f32(halves[i + 2]));
    }
  }

  void every_half_converts_alike_in_any_position() {
    std::vector<uint16_t> halves(0x10000);
    for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i * 40503u);
    const TensorInfo tensor{"t", DType::f16, {0x10000}, std::as_bytes(std::span(halves))};
    std::vector<float> out(halves.size());
    convert_to_f32(tensor, 0, 5, out.data());
    convert_to_f32(tensor, 5, 0x10000, out.data() + 5);
    for (size_t i = 0; i < halves.size(); ++i)
      QVERIFY(std::isnan(out[i]) ? (halves[i] & 0x7fff) > 0x7c00 : out[i] == f16_to_f32(halves[i]));
  }

  void stories_model() {
    const std::string folder = test::shared_data("models/stories260K-hf");
    SKIP_WITHOUT(folder);
    const auto checkpoint = Checkpoint::open(folder);
    VERIFY_OK(checkpoint);
    QVERIFY(checkpoint->config().num_layers == 5 && checkpoint->config().tied_head &&
            checkpoint->config().eos_ids.size() == 2);
    const auto embedding = checkpoint->weight("model.embed_tokens.weight", {512, 64});
    VERIFY_OK(embedding);
    std::vector<float> rows(2 * 64);
    convert_to_f32(**embedding, 3, 5, rows.data());
    QVERIFY(std::memcmp(rows.data(), (*embedding)->data.data() + 3 * 64 * 4, rows.size() * 4) == 0);
    QVERIFY(std::all_of(rows.begin(), rows.end(), [](float x) { return std::abs(x) < 10.0f; }));
  }

  void a_model_of_unknown_architecture() {
    const std::string folder = test::shared_data("models/hf2q-fixtures/tiny_model");
    SKIP_WITHOUT(folder);
    VERIFY_ERROR(Checkpoint::open(folder), ErrorKind::unsupported, "'TinyTestModel'");
  }

 private:
  std::string path(const std::string& name) const {
    return folder_->filePath(QString::fromStdString(name)).toStdString();
  }
  void write(const std::string& name, const std::string& content) const {
    QVERIFY(write_file_atomically(path(name), content).has_value());
  }
  void write_shards(const std::string& index) const {
    write("model-1.safetensors", shard("a"));
    write("model-2.safetensors", shard("b"));
    write("model.safetensors.index.json", index);
  }
  Result<Checkpoint> open() const { return Checkpoint::open(folder_->path().toStdString()); }
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(CheckpointTest)
#include "checkpoint_test.moc"
