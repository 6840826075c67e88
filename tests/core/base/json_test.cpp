#include "core/base/json.h"

#include "tests/support/expect_error.h"

using namespace flightdeck;

class JsonTest : public QObject {
  Q_OBJECT
 private slots:
  void reads_what_nlohmann_reads() {
    const std::string text =
        R"({"a": [1, -2, 1.5, "é\u00e9", null, true, {}], "b": {"c": []}, "n": 18446744073709551615})";
    const auto json = parse_json(text, "test");
    VERIFY_OK(json);
    QCOMPARE(json->dump(), Json::parse(text).dump());
    QVERIFY((*json)["n"].is_number_unsigned());
  }

  void refused_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("part");
    QTest::newRow("empty") << QByteArray("") << QByteArray("truncated at byte 0");
    QTest::newRow("row26 byte order mark") << QByteArray("\xef\xbb\xbf{}") << QByteArray("byte order mark");
    QTest::newRow("row26 trailing text") << QByteArray("{} x") << QByteArray("at byte 4");
    QTest::newRow("row26 trailing NUL") << QByteArray("{}\0", 3) << QByteArray("at byte 2: NUL byte");
    QTest::newRow("row26 bad UTF-8") << QByteArray("[\"\xff\"]") << QByteArray("ill-formed UTF-8");
    QTest::newRow("overlong UTF-8") << QByteArray("[\"\xc0\xaf\"]") << QByteArray("ill-formed UTF-8");
    QTest::newRow("encoded surrogate") << QByteArray("[\"\xed\xa0\x80\"]") << QByteArray("ill-formed UTF-8");
    QTest::newRow("lone surrogate escape") << QByteArray(R"(["\ud800"])") << QByteArray("surrogate");
    QTest::newRow("row29 duplicate key") << QByteArray(R"({"a":1,"a":1})") << QByteArray("key 'a' appears twice");
    QTest::newRow("row29 duplicate by escape")
        << QByteArray(R"({"a":1,"\u0061":1})") << QByteArray("key 'a' appears twice");
    QTest::newRow("NaN") << QByteArray("[NaN]") << QByteArray("not valid JSON");
    QTest::newRow("huge number") << QByteArray("[1e999]") << QByteArray("not valid JSON");
    QTest::newRow("comment") << QByteArray("[1 /* x */]") << QByteArray("not valid JSON");
    QTest::newRow("comma at the end") << QByteArray("[1,]") << QByteArray("not valid JSON");
    QTest::newRow("row26 100k [") << QByteArray(100'000, '[') << QByteArray("deeper than 128");
    QTest::newRow("deep objects") << QByteArray(R"({"a":)").repeated(100'000) << QByteArray("deeper than 128");
  }
  void refused() {
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, part);
    const auto json = parse_json({text.constData(), static_cast<size_t>(text.size())}, "some.json");
    VERIFY_ERROR(json, ErrorKind::corrupt, part.constData());
    QVERIFY(json.error().message.starts_with("some.json: "));
    QVERIFY(json.error().message.size() < 300);
    QVERIFY(QString::fromStdString(json.error().message).toUtf8().toStdString() == json.error().message);
  }

  void depth_of_exactly_the_limit_is_read() {
    QVERIFY(parse_json(std::string(128, '[') + std::string(128, ']'), "x").has_value());
    QVERIFY(!parse_json(std::string(129, '[') + std::string(129, ']'), "x").has_value());
  }

  void row24_every_prefix_is_an_error() {
    const std::string text = R"({"a": [1, 2.5, "text\n", true], "b": {"c": null}})";
    for (size_t length = 0; length < text.size(); ++length) {
      const auto json = parse_json(std::string_view(text).substr(0, length), "x");
      VERIFY_ERROR(json, ErrorKind::corrupt, "truncated at byte " + std::to_string(length));
    }
  }

  void more_bytes_than_allowed_are_refused() {
    VERIFY_ERROR(parse_json("[1,2,3]", "x", {.max_bytes = 6}), ErrorKind::corrupt, "at most 6");
  }

  void a_dense_text_cannot_fill_the_memory() {
    std::string text = "[";
    for (int i = 0; i < (8 << 20) + 1; ++i) text += "0,";
    VERIFY_ERROR(parse_json(text, "x"), ErrorKind::corrupt, "values");
  }

  void missing_file() {
    VERIFY_ERROR(read_json_file("/nonexistent/config.json"), ErrorKind::not_found, "/nonexistent/config.json");
  }

  void row52_reader_refuses_data() {
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QByteArray>("shown");
    QTest::newRow("negative") << QByteArray("-1") << QByteArray("size is -1, expected an integer from 1 to 10");
    QTest::newRow("zero") << QByteArray("0") << QByteArray("size is 0,");
    QTest::newRow("above") << QByteArray("11") << QByteArray("size is 11,");
    QTest::newRow("text") << QByteArray("\"5\"") << QByteArray("size is '5',");
    QTest::newRow("fraction") << QByteArray("5.0") << QByteArray("size is 5.0,");
    QTest::newRow("exponent") << QByteArray("1e3") << QByteArray("size is 1000.0,");
    QTest::newRow("2^64-1") << QByteArray("18446744073709551615") << QByteArray("size is 18446744073709551615,");
    QTest::newRow("beyond 64 bits") << QByteArray("36893488147419103232") << QByteArray("size is 3.68");
    QTest::newRow("null") << QByteArray("null") << QByteArray("size is missing");
    QTest::newRow("list") << QByteArray("[5]") << QByteArray("size is a list");
    QTest::newRow("boolean") << QByteArray("true") << QByteArray("size is true");
  }
  void row52_reader_refuses() {
    QFETCH(QByteArray, value);
    QFETCH(QByteArray, shown);
    const Json object = *parse_json("{\"size\": " + value.toStdString() + "}", "x");
    VERIFY_ERROR(JsonReader(object, "x").integer("size", 1, 10), ErrorKind::corrupt, shown.constData());
  }

  void reader_takes_values_and_fallbacks() {
    const Json object = *parse_json(R"({"i": 7, "d": 0.5, "b": true, "t": "x", "null": null})", "x");
    const JsonReader reader(object, "x");
    QCOMPARE(*reader.integer("i", 0, 10), 7);
    QCOMPARE(*reader.number("d", 0, 1), 0.5);
    QCOMPARE(*reader.number("i", 0, 10), 7.0);
    QCOMPARE(*reader.boolean("b"), true);
    QCOMPARE(*reader.text("t"), std::string("x"));
    QCOMPARE(*reader.integer("null", 0, 10, 3), 3);
    QCOMPARE(*reader.text("absent", "y"), std::string("y"));
    QVERIFY(!reader.text("i"));
    QVERIFY(!reader.number("d", 0.6, 1));
    QVERIFY(!reader.boolean("t"));
    QVERIFY(!JsonReader(Json(3), "x").text("t"));
  }
};

QTEST_GUILESS_MAIN(JsonTest)
#include "json_test.moc"
