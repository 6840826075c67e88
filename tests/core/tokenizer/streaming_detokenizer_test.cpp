// Streaming text: whole characters only, whatever way the bytes are cut into tokens.
#include <QtTest>

#include "core/base/quote.h"
#include "tests/support/sentencepiece_bytes.h"

using namespace flightdeck;
using test::byte_id;

namespace {

/// A vocabulary whose token i is the i-th given text.
class Pieces : public Tokenizer {
 public:
  explicit Pieces(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  int vocab_size() const override { return static_cast<int>(texts_.size()); }
  std::vector<int32_t> encode(std::string_view, SpecialTokens) const override { return {}; }
  std::string token_bytes(int32_t id) const override { return texts_[static_cast<size_t>(id)]; }
  std::string piece(int32_t id) const override { return token_bytes(id); }
  int32_t id_of(std::string_view) const override { return -1; }
  bool is_control(int32_t id) const override { return token_bytes(id).empty(); }
  bool adds_leading_space() const override { return true; }
  int32_t bos_id() const override { return -1; }
  int32_t eos_id() const override { return -1; }
  bool add_bos() const override { return false; }

 private:
  std::vector<std::string> texts_;
};

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Pushes the parts one by one; empty when a push handed out half a character.
std::string stream(const std::vector<std::string>& parts, bool at_text_start = false) {
  const Pieces pieces(parts);
  StreamingDetokenizer detokenizer(pieces, at_text_start);
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string added = detokenizer.push(static_cast<int32_t>(i));
    if (!is_utf8(added)) return {};
    text += added;
  }
  return text + detokenizer.finish();
}

}  // namespace

class StreamingDetokenizerTest : public QObject {
  Q_OBJECT
 private slots:
  void all_ways_to_cut_data() {
    QTest::addColumn<QByteArray>("text");
    for (const char* text : {"👍山峰é!", "a世🦙", "👩‍👩‍👧", "\u07ff\u0800\uffff\U0010ffff", "ÿ\x7f한𝄞"})
      QTest::newRow(text) << QByteArray(text);
  }
  void all_ways_to_cut() {
    QFETCH(QByteArray, text);
    const std::string whole = text.toStdString();
    for (uint32_t cuts = 0; cuts<1u << (whole.size() - 1); cuts += whole.size()> 14 ? 37 : 1) {
      std::vector<std::string> parts(1);
      for (size_t i = 0; i < whole.size(); ++i) {
        if (i > 0 && cuts >> (i - 1) & 1) parts.emplace_back();
        parts.back() += whole[i];
      }
      QCOMPARE(stream(parts), whole);
    }
  }

  void a_character_is_handed_out_with_its_last_byte() {
    const auto tokenizer = test::make(test::byte_model()).value();
    StreamingDetokenizer detokenizer(*tokenizer);
    const std::string emoji = "🦙";
    for (int i = 0; i < 3; ++i)
      QCOMPARE(detokenizer.push(byte_id(static_cast<uint8_t>(emoji[static_cast<size_t>(i)]))), std::string());
    QCOMPARE(detokenizer.push(byte_id(static_cast<uint8_t>(emoji[3]))), emoji);
    QCOMPARE(detokenizer.finish(), std::string());
  }

  void invalid_bytes_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("lone continuation") << QByteArray("a\x80z") << QByteArray("a\ufffdz");
    QTest::newRow("unfinished at the end") << QByteArray("a\xf0\x9f\xa6") << QByteArray("a\ufffd");
    QTest::newRow("broken off") << QByteArray("\xe4\xb8!") << QByteArray("\ufffd!");
    QTest::newRow("overlong") << QByteArray("\xc0\xaf") << QByteArray("\ufffd\ufffd");
    QTest::newRow("surrogate") << QByteArray("\xed\xa0\x80") << QByteArray("\ufffd\ufffd\ufffd");
    QTest::newRow("beyond Unicode") << QByteArray("\xf4\x90\x80\x80") << QByteArray("\ufffd\ufffd\ufffd\ufffd");
    QTest::newRow("never a byte") << QByteArray("\xff\xfe") << QByteArray("\ufffd\ufffd");
    QTest::newRow("start after start") << QByteArray("\xf0\x9f\xf0\x9f\xa6\x99") << QByteArray("\ufffd🦙");
  }
  void invalid_bytes() {
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, text);
    std::vector<std::string> single;
    for (const char byte : bytes) single.emplace_back(1, byte);
    QCOMPARE(stream(single), text.toStdString());
    QCOMPARE(stream({bytes.toStdString()}), text.toStdString());
  }

  /// Every sequence of up to 3 bytes from the classes that matter: valid text comes out, at once and in steps alike.
  void all_short_sequences() {
    const std::string bytes = "a \x7f\x80\x8f\x90\x9f\xa0\xbf\xc1\xc2\xdf\xe0\xe1\xed\xef\xf0\xf1\xf4\xf5\xff";
    for (const char a : bytes)
      for (const char b : bytes)
        for (const char c : bytes) {
          const std::string steps = stream({{a}, {b}, {c}}), once = stream({{a, b, c}});
          QVERIFY(!steps.empty() && is_utf8(once));
          QCOMPARE(steps, once);
        }
  }

  void leading_blank_goes_once() {
    QCOMPARE(stream({"", " Hi", " you"}, true), std::string("Hi you"));
    QCOMPARE(stream({" ", " x"}, true), std::string(" x"));
    QCOMPARE(stream({"Hi", " you"}, true), std::string("Hi you"));
    QCOMPARE(stream({" Hi"}, false), std::string(" Hi"));
  }
};

QTEST_GUILESS_MAIN(StreamingDetokenizerTest)
#include "streaming_detokenizer_test.moc"
