// The tokenizer's promises on hand-made vocabularies: special tokens, bytes, limits, parts of long texts.
#include "core/tokenizer/tokenizer.h"

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

#include "core/base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/sentencepiece_bytes.h"
#include "tests/support/shared_data.h"

using namespace flightdeck;
using test::byte_id;
using test::byte_model;
using test::PieceType;

namespace {
using Ids = std::vector<int32_t>;
}

class TokenizerTest : public QObject {
  Q_OBJECT
 private slots:
  void special_tokens_only_when_asked() {
    TokenizerConfig config;
    config.added = {{260, {"<|e", true}}, {261, {"<|end|>", true}}, {262, {"word", false}}};
    const auto tokenizer = test::make(byte_model({{"ab"}}), config).value();
    QCOMPARE(tokenizer->encode("ab<|end|>ab<|e</s>word", SpecialTokens::parse), (Ids{259, 261, 259, 260, 2, 262}));
    for (const int32_t id : tokenizer->encode("ab<|end|>ab<|e</s>word"))
      QVERIFY(id < 260 && !tokenizer->is_control(id));
    QCOMPARE(tokenizer->token_bytes(261), std::string());
    QCOMPARE(tokenizer->token_bytes(262), std::string("word"));
    QCOMPARE(tokenizer->vocab_size(), 263);
    QCOMPARE(tokenizer->id_of("<|end|>"), 261);
    QVERIFY(tokenizer->is_control(261) && !tokenizer->is_control(262));
  }

  void user_defined_pieces_marked_special() {
    const SentencePieceModel model = byte_model({{"<tool>", 0, PieceType::user_defined}});
    QCOMPARE(test::make(model).value()->encode("<tool>"), Ids{259});
    TokenizerConfig config;
    config.added = {{259, {"<tool>", true}}};
    const auto marked = test::make(model, config).value();
    QCOMPARE(marked->encode("<tool>").size(), size_t{6});
    QCOMPARE(marked->encode("<tool>", SpecialTokens::parse), Ids{259});
  }

  void control_piece_of_one_character() {
    const auto tokenizer = test::make(byte_model({{"!", 0, PieceType::control}})).value();
    QCOMPARE(tokenizer->encode("!"), Ids{byte_id('!')});
    QCOMPARE(tokenizer->encode("!", SpecialTokens::parse), Ids{259});
  }

  void leading_blank() {
    SentencePieceModel model = byte_model({{"▁a"}, {"▁"}, {"a"}});
    model.add_dummy_prefix = true;
    const auto tokenizer = test::make(model).value();
    QVERIFY(tokenizer->adds_leading_space());
    QCOMPARE(tokenizer->encode("a a"), (Ids{259, 259}));
    QCOMPARE(tokenizer->decode({1, 259, 259}), std::string("a a"));
    QCOMPARE(tokenizer->encode(""), Ids{});
    QCOMPARE(tokenizer->decode(tokenizer->encode("  a ")), std::string("  a "));
    QVERIFY(!test::make(byte_model()).value()->adds_leading_space());
  }

  void bytes_and_unknown() {
    const auto tokenizer = test::make(byte_model({{"▁x"}})).value();
    QCOMPARE(tokenizer->token_bytes(byte_id(0xff)), std::string("\xff"));
    QCOMPARE(tokenizer->token_bytes(259), std::string(" x"));
    QCOMPARE(tokenizer->piece(259), std::string("▁x"));
    QCOMPARE(tokenizer->token_bytes(0), std::string(" \u2047 "));
    for (const int32_t id : {-1, 260, INT32_MAX, INT32_MIN}) {
      QCOMPARE(tokenizer->token_bytes(id), std::string());
      QCOMPARE(tokenizer->piece(id), std::string());
      QVERIFY(!tokenizer->is_control(id));
    }
  }

  void row48_hostile_text() {
    const auto tokenizer = test::make(byte_model({{"ab"}})).value();
    QCOMPARE(tokenizer->encode(std::string("a\0b", 3)), (Ids{byte_id('a'), byte_id(0), byte_id('b')}));
    QCOMPARE(tokenizer->decode(tokenizer->encode(std::string("\0\0", 2))), std::string("\0\0", 2));
    QCOMPARE(tokenizer->decode(tokenizer->encode("a\xff\xc3")), std::string("a\ufffd\ufffd"));
    QVERIFY(!tokenizer->encode("\xed\xa0\x80").empty());  // a lone surrogate
    QCOMPARE(tokenizer->encode("", SpecialTokens::parse), Ids{});
  }

  void row48_a_megabyte_of_one_letter_data() {
    QTest::addColumn<QByteArray>("unit");
    for (const char* unit : {"a", " ", "=", "\n", "\xff", "世", "👍", "ab ", "hello world "})
      QTest::newRow(unit) << QByteArray(unit);
  }
  void row48_a_megabyte_of_one_letter() {
    QFETCH(QByteArray, unit);
    const std::string path = test::shared_data("tokenizers/llama2/tokenizer.model");
    const auto tokenizer =
        path.empty() ? test::make(byte_model({{"▁"}, {"aa"}, {"aaaa"}, {"▁▁"}}))
                     : make_sentencepiece_tokenizer(read_file(path, 64 << 20).value(), TokenizerConfig(), path);
    VERIFY_OK(tokenizer);
    const std::string text = unit.repeated(1'000'000 / static_cast<int>(unit.size())).toStdString();
    QElapsedTimer timer;
    timer.start();
    const Ids ids = (*tokenizer)->encode(text);
    qInfo("%zu ids in %lld ms", ids.size(), timer.elapsed());
    if (unit != "\xff") QCOMPARE((*tokenizer)->decode(ids), text);
  }

  /// The same vocabulary with one more piece, one that has a blank inside, is encoded in one part.
  void parts_have_the_ids_of_the_whole() {
    const std::string path = test::shared_data("tokenizers/llama2/tokenizer.model");
    const std::string texts = test::shared_data("tokenizers/llamacpp-vocab-vectors/ggml-vocab-llama-spm.gguf.inp");
    SKIP_WITHOUT(path);
    SKIP_WITHOUT(texts);
    SentencePieceModel model = parse_sentencepiece_model(read_file(path, 64 << 20).value(), path).value();
    const auto parts = test::make(model).value();
    model.pieces.push_back({"\x01▁\x01", -1e6f});
    const auto whole = test::make(model).value();
    std::string text;
    while (text.size() < 50'000) text += read_file(texts, 1 << 20).value() + "▁ x  y \xe2\x96 z ";
    QCOMPARE(parts->encode(text), whole->encode(text));
  }

  void special_ids_of_the_config() {
    TokenizerConfig config;
    config.bos = "";
    config.eos = "<|im_end|>";
    config.added = {{300, {"<|im_end|>", true}}};
    const auto tokenizer = test::make(byte_model(), config).value();
    QCOMPARE(tokenizer->bos_id(), -1);
    QCOMPARE(tokenizer->eos_id(), 300);
    QVERIFY(!tokenizer->add_bos());
    QCOMPARE(tokenizer->vocab_size(), 301);
    QCOMPARE(tokenizer->piece(280), std::string());  // between the vocabulary and the added token
  }

  void folder_files() {
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString();
    VERIFY_ERROR(load_tokenizer(path), ErrorKind::not_found, "tokenizer.model");
    test::write(path + "/tokenizer.json", "{}");
    VERIFY_ERROR(load_tokenizer(path), ErrorKind::unsupported, "tokenizer.json");
    test::write(path + "/tokenizer.model", serialize(byte_model()));
    VERIFY_OK(load_tokenizer(path));
    test::write(path + "/added_tokens.json", R"({"<pad>": 259})");
    test::write(path + "/tokenizer_config.json",
                R"({"add_bos_token": false, "eos_token": {"content": "<pad>"}, "bos_token": "<s>",
                    "added_tokens_decoder": {"260": {"content": "<x>", "special": true}}})");
    const auto tokenizer = load_tokenizer(path).value();
    QCOMPARE(tokenizer->eos_id(), 259);
    QCOMPARE(tokenizer->bos_id(), 1);
    QVERIFY(!tokenizer->add_bos());
    QCOMPARE(tokenizer->encode("<x>", SpecialTokens::parse), Ids{260});
  }

  void added_tokens_refused_data() {
    QTest::addColumn<QByteArray>("config");
    QTest::addColumn<QByteArray>("added");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("row46 negative id") << QByteArray() << QByteArray(R"({"x": -1})") << QByteArray("id -1");
    QTest::newRow("row46 huge id") << QByteArray() << QByteArray(R"({"x": 18446744073709551615})")
                                   << QByteArray("expected 0 to 4194303");
    QTest::newRow("row46 sparse id") << QByteArray() << QByteArray(R"({"x": 2147483647})") << QByteArray("2147483647");
    QTest::newRow("fraction") << QByteArray() << QByteArray(R"({"x": 1.5})") << QByteArray("no whole number");
    QTest::newRow("row46 two texts of one id")
        << QByteArray() << QByteArray(R"({"x": 300, "y": 300})") << QByteArray("is both 'x' and 'y'");
    QTest::newRow("row46 two ids of one text") << QByteArray(R"({"added_tokens_decoder": {"301": {"content": "x"}}})")
                                               << QByteArray(R"({"x": 300})") << QByteArray("has the ids 301 and 300");
    QTest::newRow("another id in the vocabulary")
        << QByteArray() << QByteArray(R"({"<s>": 300})") << QByteArray("the vocabulary says 1");
    QTest::newRow("empty") << QByteArray() << QByteArray(R"({"": 300})") << QByteArray("empty");
    QTest::newRow("no object") << QByteArray("[]") << QByteArray("{}") << QByteArray("not an object");
    QTest::newRow("key is no id") << QByteArray(R"({"added_tokens_decoder": {"1x": {"content": "x"}}})")
                                  << QByteArray("{}") << QByteArray("'1x' for an id");
    QTest::newRow("entry is no object") << QByteArray(R"({"added_tokens_decoder": {"300": 1}})") << QByteArray("{}")
                                        << QByteArray("content");
    QTest::newRow("flag is no flag") << QByteArray(R"({"add_bos_token": "yes"})") << QByteArray("{}")
                                     << QByteArray("add_bos_token");
    QTest::newRow("truncated") << QByteArray(R"({"add_bos_token")") << QByteArray("{}") << QByteArray("truncated");
  }
  void added_tokens_refused() {
    QFETCH(QByteArray, config);
    QFETCH(QByteArray, added);
    QFETCH(QByteArray, part);
    QTemporaryDir folder;
    const std::string path = folder.path().toStdString();
    test::write(path + "/tokenizer.model", serialize(byte_model()));
    if (!config.isEmpty()) test::write(path + "/tokenizer_config.json", config.toStdString());
    test::write(path + "/added_tokens.json", added.toStdString());
    const auto result = load_tokenizer(path);
    QVERIFY(!result.has_value());
    QVERIFY2(result.error().message.find(part.toStdString()) != std::string::npos, result.error().message.c_str());
  }
};

QTEST_GUILESS_MAIN(TokenizerTest)
#include "tokenizer_test.moc"
