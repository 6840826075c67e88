#include <filesystem>

#include "core/base/memory.h"
#include "core/checkpoint/checkpoint.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::tensor_entry;

namespace {

Result<std::vector<TensorInfo>> parse(const std::string& file) {
  return SafetensorsFile::parse(test::as_bytes(file), "m.safetensors");
}

/// A file of one tensor whose entry is everything after the name.
std::string one(const std::string& fields, size_t data_bytes) {
  return test::safetensors_bytes(fmt::format(R"({{"t":{{{}}}}})", fields), data_bytes);
}

std::string offsets(const char* begin, const char* end) {
  return one(fmt::format(R"("dtype":"F32","shape":[2],"data_offsets":[{},{}])", begin, end), 8);
}

}  // namespace

class SafetensorsTest : public QObject {
  Q_OBJECT
 private slots:
  void reads_tensors_in_the_order_of_their_bytes() {
    const std::string file =
        test::safetensors_of({tensor_entry("b", "F16", "[2,3]", 4, 16), tensor_entry("a", "F32", "[]", 0, 4),
                              "\"__metadata__\":{\"k\":\"v\"}"},
                             16);
    const auto tensors = parse(file);
    VERIFY_OK(tensors);
    QCOMPARE(tensors->size(), 2u);
    QCOMPARE((*tensors)[0].name, std::string("a"));
    QVERIFY((*tensors)[0].shape.empty() && (*tensors)[0].data.size() == 4);
    QVERIFY((*tensors)[1].dtype == DType::f16 && ((*tensors)[1].shape == std::vector<int64_t>{2, 3}));
    QCOMPARE(reinterpret_cast<const char*>((*tensors)[1].data.data()), file.data() + file.size() - 12);
  }

  void no_tensors_at_all_is_legal() { QVERIFY(parse(test::safetensors_bytes("{}", 0))->empty()); }

  void row24_every_prefix_is_an_error() {
    const std::string file = test::safetensors_of({tensor_entry("a", "F32", "[4]", 0, 16)}, 16);
    VERIFY_OK(parse(file));
    for (size_t length = 0; length < file.size(); ++length)
      VERIFY_ERROR(parse(file.substr(0, length)), ErrorKind::corrupt, "truncated");
  }

  void row25_header_length_data() {
    QTest::addColumn<quint64>("length");
    for (const quint64 n :
         {0ull, 1ull, 7ull, 1ull << 31, 1ull << 63, ~0ull, 100'000'001ull, 100'000'000ull, 57ull, 58ull})
      QTest::addRow("N = %llu", n) << n;
  }
  void row25_header_length() {
    QFETCH(quint64, length);
    std::string file = one(R"("dtype":"F32","shape":[],"data_offsets":[0,4])", 4);
    QVERIFY(parse(file).has_value());
    for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(length >> (8 * i));
    const auto result = parse(file);
    QVERIFY(!result.has_value() && result.error().kind == ErrorKind::corrupt);
  }

  void row26_header_text_data() {
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("not an object") << QByteArray("[1, 2]") << QByteArray("does not begin with '{'");
    QTest::newRow("blank first") << QByteArray(" {}") << QByteArray("does not begin with '{'");
    QTest::newRow("byte order mark") << QByteArray("\xef\xbb\xbf{}") << QByteArray("does not begin with '{'");
    QTest::newRow("bad UTF-8") << QByteArray("{\"\xff\":1}") << QByteArray("UTF-8");
    QTest::newRow("trailing text") << QByteArray("{}{}") << QByteArray("not valid JSON");
    QTest::newRow("trailing NUL") << QByteArray("{}\0\0", 4) << QByteArray("NUL");
    QTest::newRow("100 k [") << "{\"a\":" + QByteArray(100'000, '[') << QByteArray("unexpected list");
    QTest::newRow("100 k {") << QByteArray("{\"a\":").repeated(100'000) << QByteArray("unknown key 'a'");
    QTest::newRow("entry is no object") << QByteArray("{\"a\":3}") << QByteArray("unexpected number");
    QTest::newRow("entry is null") << QByteArray("{\"a\":null}") << QByteArray("unexpected null");
    QTest::newRow("metadata of numbers") << QByteArray(R"({"__metadata__":{"a":1}})")
                                         << QByteArray("unexpected number in __metadata__");
    QTest::newRow("metadata is text") << QByteArray(R"({"__metadata__":"x"})") << QByteArray("unexpected text");
  }
  void row26_header_text() {
    QFETCH(QByteArray, header);
    QFETCH(QByteArray, part);
    VERIFY_ERROR(parse(test::safetensors_bytes(header.toStdString(), 0)), ErrorKind::corrupt, part.constData());
  }

  void row27_offsets_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("part");
    const auto add = [](const char* name, const std::string& file, const char* part) {
      QTest::newRow(name) << QByteArray::fromStdString(file) << QByteArray(part);
    };
    add("negative", offsets("-8", "0"), "negative number -8");
    add("minus zero", offsets("-0", "8"), "negative number");
    add("fraction", offsets("0.0", "8"), "only integers");
    add("exponent", offsets("0", "8e0"), "only integers");
    add("text", offsets("0", "\"8\""), "unexpected text");
    add("2^63", offsets("0", "9223372036854775808"), "ends at byte 9223372036854775808");
    add("2^64-1", offsets("18446744073709551615", "18446744073709551615"), "ends at byte");
    add("2^64", offsets("0", "18446744073709551616"), "only integers");
    add("begin > end", offsets("8", "0"), "begins at 8 and ends at 0");
    add("one offset", one(R"("dtype":"F32","shape":[2],"data_offsets":[0])", 8), "1 data_offsets");
    add("three offsets", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,8])", 8), "more than two");
  }
  void row27_offsets() { expect_corrupt(); }

  void row27_offsets_beyond_eof() {
    VERIFY_ERROR(parse(one(R"("dtype":"F32","shape":[3],"data_offsets":[0,12])", 8)), ErrorKind::corrupt,
                 "truncated or damaged");
  }

  void row28_layout_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("part");
    const auto add = [](const char* name, const std::string& first, const std::string& second, size_t bytes,
                        const char* part) {
      QTest::newRow(name) << QByteArray::fromStdString(test::safetensors_of({first, second}, bytes))
                          << QByteArray(part);
    };
    const std::string a = tensor_entry("a", "F32", "[2]", 0, 8);
    add("overlap", a, tensor_entry("b", "F32", "[2]", 4, 12), 12, "inside the tensor that ends at 8");
    add("same place", a, tensor_entry("b", "F32", "[2]", 0, 8), 8, "inside the tensor");
    add("hole", a, tensor_entry("b", "F32", "[1]", 12, 16), 16, "after a hole from 8");
    add("hole at the start", tensor_entry("a", "F32", "[1]", 4, 8), tensor_entry("b", "F32", "[1]", 8, 12), 12,
        "after a hole from 0");
    add("trailing bytes", a, tensor_entry("b", "F32", "[1]", 8, 12), 13, "1 bytes follow");
    add("empty inside", a, tensor_entry("b", "F32", "[0]", 4, 4), 8, "inside the tensor");
    add("empty beyond", a, tensor_entry("b", "F32", "[0]", 9, 9), 8, "ends at byte 9");
    add("two empty ones share an offset", tensor_entry("a", "F32", "[0]", 0, 0), tensor_entry("b", "F32", "[0]", 0, 0),
        0, "share an offset");
  }
  void row28_layout() { expect_corrupt(); }

  void row28_an_empty_tensor_on_a_seam_is_legal() {
    const std::string file =
        test::safetensors_of({tensor_entry("a", "F32", "[2]", 0, 8), tensor_entry("e", "F16", "[0,7]", 8, 8),
                              tensor_entry("b", "I8", "[1]", 8, 9)},
                             9);
    const auto tensors = parse(file);
    VERIFY_OK(tensors);
    QCOMPARE((*tensors)[1].name, std::string("e"));
  }

  void row29_duplicates_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("part");
    const std::string a = tensor_entry("a", "F32", "[2]", 0, 8);
    const auto add = [](const char* name, const std::string& header, const char* part) {
      QTest::newRow(name) << QByteArray::fromStdString(test::safetensors_bytes(header, 16)) << QByteArray(part);
    };
    add("tensor", fmt::format("{{{},{}}}", a, tensor_entry("a", "F32", "[2]", 8, 16)), "'a' appears twice");
    add("tensor by escape", fmt::format("{{{},{}}}", a, tensor_entry("\\u0061", "F32", "[2]", 8, 16)),
        "'a' appears twice");
    add("field", R"({"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}})", "has dtype twice");
    add("offsets", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"data_offsets":[0,16]}})",
        "has data_offsets twice");
    add("metadata", R"({"__metadata__":{},"__metadata__":{}})", "__metadata__ appears twice");
    add("metadata key", R"({"__metadata__":{"a":"1","a":"2"}})", "'a' twice");
    add("unknown field", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"stride":[1]}})",
        "unknown key 'stride'");
    add("missing field", R"({"a":{"dtype":"F32","data_offsets":[0,16]}})", "no shape");
  }
  void row29_duplicates() { expect_corrupt(); }

  void row30_shapes_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("part");
    const auto add = [](const char* name, const char* dtype, const char* shape, const char* part, size_t bytes = 8) {
      QTest::newRow(name) << QByteArray::fromStdString(
                                 test::safetensors_of({tensor_entry("t", dtype, shape, 0, bytes)}, bytes))
                          << QByteArray(part);
    };
    add("product overflows", "F32", "[4294967296,4294967296,4294967296]", "overflows");
    add("product wraps to the size", "F32", "[4611686018427387904,4,2]", "overflows");
    add("overflow hidden by zero", "F32", "[4611686018427387904,16,0]", "overflows", 0);
    add("dimension of 2^63", "F32", "[9223372036854775808]", "dimension of 9223372036854775808");
    add("negative dimension", "F32", "[-2]", "negative");
    add("fraction", "F32", "[2.0]", "only integers");
    add("nine dimensions", "I8", "[1,1,1,1,1,1,1,1,8]", "more than 8 dimensions");
    add("too few bytes", "F32", "[3]", "needs 12");
    add("too many bytes", "F16", "[3]", "needs 6");
    add("rank 0 of eight bytes", "F32", "[]", "needs 4");
    add("empty with bytes", "F32", "[0]", "needs 0");
    add("nested", "F32", "[[2]]", "unexpected list");
    add("row31 unknown dtype", "Q4", "[8]", "unknown dtype 'Q4'");
    add("row31 half a byte left", "F4", "[15]", "overflows");
  }
  void row30_shapes() { expect_corrupt(); }

  void row31_other_dtypes_are_listed_and_not_read() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("m.safetensors").toStdString();
    const std::vector<std::string> entries{tensor_entry("ids", "I64", "[2]", 0, 16),
                                           tensor_entry("mask", "BOOL", "[4]", 16, 20),
                                           tensor_entry("w", "BF16", "[1]", 20, 22)};
    VERIFY_OK(write_file_atomically(path, test::safetensors_of(entries, 22)));
    const auto file = SafetensorsFile::open(path);
    VERIFY_OK(file);
    QCOMPARE(file->tensors().size(), 1u);
    QVERIFY(file->skipped().size() == 2 && file->skipped()[0].name == "ids" && file->skipped()[0].dtype == "I64");
  }

  void row25_memory_stays_near_the_header() {
    std::string header = "{";
    for (int i = 0; i < 200'000; ++i) header += tensor_entry(std::to_string(i), "F32", "[]", 0, 4) + ",";
    const std::string file = test::safetensors_bytes(header + "\"x\":1}", 4);
    const uint64_t before = process_peak_memory_bytes();
    QVERIFY(!parse(file).has_value());
    QVERIFY(process_peak_memory_bytes() - before < 4 * file.size() + (64u << 20));
  }

  void row39_other_formats_are_named_data() {
    QTest::addColumn<QByteArray>("start");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("gguf") << QByteArray("GGUF\3\0\0\0", 8) << QByteArray("a GGUF file");
    QTest::newRow("zip") << QByteArray("PK\3\4") << QByteArray("a zip file");
    QTest::newRow("pickle") << QByteArray("\x80\x02}q") << QByteArray("a Python pickle");
    QTest::newRow("lfs") << QByteArray("version https://git-lfs.github.com/spec/v1") << QByteArray("git lfs pull");
    QTest::newRow("html") << QByteArray("<!DOCTYPE html>") << QByteArray("a web page");
  }
  void row39_other_formats_are_named() {
    QFETCH(QByteArray, start);
    QFETCH(QByteArray, part);
    QTemporaryDir folder;
    const std::string path = folder.filePath("model.safetensors").toStdString();
    VERIFY_OK(write_file_atomically(path, start.toStdString() + std::string(1000, ' ')));
    VERIFY_ERROR(SafetensorsFile::open(path), ErrorKind::corrupt, part.constData());
  }

  void every_malformed_file_of_others_is_refused() {
    const std::string folder = test::shared_data("malformed");
    SKIP_WITHOUT(folder);
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      QVERIFY2(!SafetensorsFile::open(entry.path().string()).has_value(), entry.path().c_str());
    }
    QVERIFY(files > 50);
  }

  void real_files_are_read_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("tensors");
    QTest::newRow("stories") << "models/stories260K-hf/model.safetensors" << 47;
    QTest::newRow("torchtune") << "models/torchtune-tiny/gemma_hf_checkpoint.safetensors" << 11;
    QTest::newRow("hf2q") << "models/hf2q-fixtures/tiny_model/model.safetensors" << 5;
  }
  void real_files_are_read() {
    QFETCH(QString, file);
    QFETCH(int, tensors);
    const std::string path = test::shared_data(file.toStdString());
    SKIP_WITHOUT(path);
    const auto read = SafetensorsFile::open(path);
    VERIFY_OK(read);
    QCOMPARE(static_cast<int>(read->tensors().size()), tensors);
  }

  void writer_and_reader_agree() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("w.safetensors").toStdString();
    auto writer = SafetensorsWriter::create(
        path, {{"w", "U8", {3, 1}, 3}, {"山 \"s\"", "F32", {2}, 8}, {"n", "I64", {1}, 8}}, {{"format", "x"}});
    VERIFY_OK(writer);
    const std::string data = "abc" + std::string(16, 'd');
    VERIFY_OK(writer->append(test::as_bytes(data).first(7)));
    QVERIFY(!std::filesystem::exists(path));
    VERIFY_OK(writer->append(test::as_bytes(data).subspan(7)));
    VERIFY_OK(writer->finish());
    const auto file = SafetensorsFile::open(path);
    VERIFY_OK(file);
    QVERIFY(file->tensors()[1].name == "山 \"s\"" && file->metadata().at("format") == "x" &&
            file->skipped().size() == 1);
    QCOMPARE(static_cast<char>(file->tensors()[0].data[2]), 'c');
    QCOMPARE((file->tensors()[0].data.data() - file->file().bytes().data()) % 64, 0);
  }

  void writer_refuses_broken_promises() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("w.safetensors").toStdString();
    const auto create = [&](std::vector<SafetensorsWriter::Entry> entries) {
      return SafetensorsWriter::create(path, entries, {});
    };
    VERIFY_ERROR(create({{"w", "F32", {2}, 4}}), ErrorKind::invalid_input, "do not match");
    VERIFY_ERROR(create({{"w", "I8", {1}, 1}, {"w", "I8", {1}, 1}}), ErrorKind::invalid_input, "twice");
    VERIFY_ERROR(create({{"__metadata__", "I8", {1}, 1}}), ErrorKind::invalid_input, "twice");
    auto writer = create({{"w", "I8", {4}, 4}});
    VERIFY_ERROR(writer->finish(), ErrorKind::invalid_input, "after 0 of 4");
    VERIFY_ERROR(writer->append(test::as_bytes("12345")), ErrorKind::invalid_input, "4 left");
    QVERIFY(!std::filesystem::exists(path));
  }

 private:
  void expect_corrupt() {
    QFETCH(QByteArray, file);
    QFETCH(QByteArray, part);
    VERIFY_ERROR(parse(file.toStdString()), ErrorKind::corrupt, part.constData());
  }
};

QTEST_GUILESS_MAIN(SafetensorsTest)
#include "safetensors_test.moc"
