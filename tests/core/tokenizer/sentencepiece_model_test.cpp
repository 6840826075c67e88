// Broken and hostile tokenizer.model files.
#include "core/tokenizer/sentencepiece_model.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <random>

#include "core/base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/sentencepiece_bytes.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::byte_model;
using test::PieceType;

namespace {

std::string small_model() { return serialize(byte_model({{"ab"}, {"▁a"}})); }

/// Either a clear error or a tokenizer whose ids stay inside its vocabulary.
bool refused_or_sound(const std::string& file) {
  const auto tokenizer = make_sentencepiece_tokenizer(file, {}, "test.model");
  if (!tokenizer) return !tokenizer.error().message.empty();
  for (const char* text : {"ab a<s>", "\xff\n世界", ""})
    for (const int32_t id : (*tokenizer)->encode(text))
      if (id < 0 || id >= (*tokenizer)->vocab_size()) return false;
  return true;
}

std::string unit(uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), 4); }

}  // namespace

class SentencePieceModelTest : public QObject {
  Q_OBJECT
 private slots:
  void reads_what_it_writes() {
    SentencePieceModel model = byte_model({{"ab"}, {"x", 0, PieceType::unused}});
    model.eos_piece = "<eos>";
    const auto again = parse_sentencepiece_model(serialize(model), "test.model");
    VERIFY_OK(again);
    QCOMPARE(serialize(*again), serialize(model));
    QCOMPARE(again->pieces.size(), model.pieces.size());
    QCOMPARE(again->eos_piece, std::string("<eos>"));
    QVERIFY(!again->add_dummy_prefix && again->byte_fallback);
  }

  void row24_every_prefix_is_refused() {
    const std::string whole = small_model();
    for (size_t length = 0; length < whole.size(); ++length)
      QVERIFY2(refused_or_sound(whole.substr(0, length)), std::to_string(length).c_str());
    for (const size_t length : {size_t{0}, size_t{1}, whole.size() / 2 + 1})
      QVERIFY(!make_sentencepiece_tokenizer(whole.substr(0, length), {}, "test.model").has_value());
  }

  void row45_every_changed_byte() {
    const std::string whole = serialize(byte_model({{"ab"}}));
    std::mt19937 random(1);
    for (size_t at = 0; at < whole.size(); at += 1 + random() % 7) {
      std::string file = whole;
      file[at] = static_cast<char>(random());
      QVERIFY2(refused_or_sound(file), std::to_string(at).c_str());
    }
  }

  void row45_garbage() {
    std::mt19937 random(2);
    for (int i = 0; i < 2000; ++i) {
      std::string file(random() % 200, '\0');
      for (char& byte : file) byte = static_cast<char>(random() % 4 ? random() : random() % 48);
      QVERIFY(refused_or_sound(file));
    }
  }

  void row45_changed_real_model() {
    const std::string path = test::shared_data("models/stories260K/tok512.model");
    SKIP_WITHOUT(path);
    const std::string whole = read_file(path, 1 << 20).value();
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
      std::string file = whole.substr(0, random() % 3 ? whole.size() : random() % whole.size());
      for (int change = 0; change < 3 && !file.empty(); ++change)
        file[random() % file.size()] = static_cast<char>(random());
      QVERIFY(refused_or_sound(file));
    }
  }

  void refused_data() {
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QByteArray>("part");
    const auto row = [](const char* name, SentencePieceModel model, const char* part) {
      QTest::newRow(name) << QByteArray::fromStdString(serialize(model)) << QByteArray(part);
    };
    const auto with = [](SentencePieceModel::Piece piece) {
      SentencePieceModel model = byte_model();
      model.pieces.push_back(std::move(piece));
      return model;
    };
    row("row44 byte <0x-1>", with({"<0x-1>", 0, PieceType::byte}), "no byte");
    row("row44 byte <0xZZ>", with({"<0xZZ>", 0, PieceType::byte}), "no byte");
    row("row44 vocabulary of 0", SentencePieceModel(), "no pieces in it");
    SentencePieceModel one;
    one.pieces = {{"<s>", 0, PieceType::control}};
    row("row44 vocabulary of 1", one, "0 pieces for unknown text");
    row("row45 empty piece", with({""}), "is empty");
    row("row45 piece twice", with({"<s>"}), "appears twice");
    row("row45 piece is no UTF-8", with({"\xc3"}), "not UTF-8");
    row("row45 NUL in a piece", with({std::string("a\0b", 3)}), "NUL");
    row("row45 score NaN", with({"x", NAN}), "no number");
    row("row45 score infinite", with({"x", INFINITY}), "no number");
    row("two unknowns", with({"x", 0, PieceType::unknown}), "2 pieces for unknown");
    row("type 0", with({"x", 0, PieceType{0}}), "not a SentencePiece model");
    row("type 7", with({"x", 0, PieceType{7}}), "not a SentencePiece model");
    SentencePieceModel without_bytes = byte_model();
    without_bytes.pieces.resize(100);
    row("bytes missing", without_bytes, "97 byte pieces, expected 256");
    QTest::newRow("row45 length past the end") << QByteArray("\x0a\xff\xff\xff\xff\x0f", 6) << QByteArray("damaged");
    QTest::newRow("row45 groups") << QByteArray(1000, '\x0b') << QByteArray("damaged");
    QTest::newRow("row45 endless number") << QByteArray(1000, '\xff') << QByteArray("damaged");
    QTest::newRow("Llama 3's format") << QByteArray("IQ== 0\nIg== 1\n") << QByteArray("not a SentencePiece model");
  }
  void refused() {
    QFETCH(QByteArray, file);
    QFETCH(QByteArray, part);
    VERIFY_ERROR(parse_sentencepiece_model(file.toStdString(), "test.model"), ErrorKind::corrupt, part.toStdString());
  }

  void row45_user_defined_pieces_that_nest() {
    SentencePieceModel model = byte_model();
    for (size_t length = 1; length <= 64; ++length)
      model.pieces.push_back({std::string(length, 'x'), 0, PieceType::user_defined});
    const auto tokenizer = test::make(model);
    VERIFY_OK(tokenizer);
    QCOMPARE((*tokenizer)->encode(std::string(1000, 'x')).size(), size_t{16});
    model.pieces.push_back({std::string(65, 'x'), 0, PieceType::user_defined});
    VERIFY_ERROR(test::make(model), ErrorKind::corrupt, "begin alike");
  }

  void row45_charsmaps_data() {
    QTest::addColumn<QByteArray>("map");
    QTest::newRow("too short") << QByteArray("\1\0\0\0", 4);
    QTest::newRow("size lies") << QByteArray("\xff\xff\xff\xff", 4) + QByteArray(2000, '\0');
    QTest::newRow("no whole block") << QByteArray::fromStdString(unit(4) + unit(0) + std::string(8, '\0'));
    QTest::newRow("offset outside") << QByteArray::fromStdString(unit(1024) + unit(1u << 30) +
                                                                 std::string(1020 + 8, '\0'));
    QTest::newRow("value outside") << QByteArray::fromStdString(unit(1024) + unit(1u << 8 | 1u << 10) +
                                                                unit(1u << 31 | 100) + std::string(1016 + 8, '\0'));
    QTest::newRow("text without end") << QByteArray::fromStdString(unit(1024) + std::string(1024, '\0') + "abc");
    // Root and node 'a' lead to each other: a walk of "aaaa…" finds a value at every step.
    std::string loop = unit(1024) + unit(1u << 8 | 1u << 10);
    for (uint32_t i = 1; i < 256; ++i) loop += unit(i == ('a' ^ 1) ? ('a' | 1u << 8 | uint32_t{'a'} << 10) : 1u << 31);
    QTest::newRow("endless walk") << QByteArray::fromStdString(loop + std::string(8, '\0'));
  }
  void row45_charsmaps() {
    QFETCH(QByteArray, map);
    SentencePieceModel model = byte_model();
    model.charsmap = map.toStdString();
    QVERIFY(!charsmap_is_sound(model.charsmap));
    VERIFY_ERROR(parse_sentencepiece_model(serialize(model), "test.model"), ErrorKind::corrupt, "normalisation map");
  }

  void sound_charsmap() {
    // 'a' → "b": root's block has offset 0, so 'a' stands at its own number; its value is at 'a' ^ offset 1.
    std::string map = unit(1024);
    for (uint32_t i = 0; i < 256; ++i)
      map += unit(i == 'a' ? ('a' | 1u << 8 | 1u << 10) : i == ('a' ^ 1) ? 1u << 31 : i == 0 ? 0 : 1u << 31 | 5);
    SentencePieceModel model = byte_model();
    model.charsmap = map + std::string("b\0", 2);
    const auto tokenizer = test::make(model);
    VERIFY_OK(tokenizer);
    QCOMPARE((*tokenizer)->decode((*tokenizer)->encode("xax")), std::string("xbx"));
  }

  void too_large_a_file() {
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString() + "/tokenizer.model";
    test::write(path, "");
    QVERIFY(truncate(path.c_str(), (64 << 20) + 1) == 0);
    VERIFY_ERROR(load_tokenizer(folder.path().toStdString()), ErrorKind::corrupt, "67108865");
  }
};

QTEST_GUILESS_MAIN(SentencePieceModelTest)
#include "sentencepiece_model_test.moc"
