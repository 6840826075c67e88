// Spelling of flags, texts that look like flags, suggestions, and numbers for people.
#include "app/cli/arguments.h"

#include <QtTest>

#include "app/cli/terminal.h"

using namespace flightdeck::cli;

using Words = std::vector<std::string>;

class ArgumentsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void flagsHaveOneSpelling() {
    QCOMPARE(normalized({"run", "--max-output-len", "-5", "--engine-dir=/a-b/c-d", "-m", "a-b"}),
             (Words{"run", "--max_output_len", "-5", "--engine_dir=/a-b/c-d", "-m", "a-b"}));
    QCOMPARE(normalized({"--", "--a-b"}), (Words{"--", "--a-b"}));
  }

  void textsStayAsTheyAre() {
    QCOMPARE(normalized({"--input-text", "--a-b", "c-d", "e", "--top-k", "1"}),
             (Words{"--input_text", "--a-b", "--input_text", "c-d", "--input_text", "e", "--top_k", "1"}));
    QCOMPARE(normalized({"--system", "--be-kind", "--text"}), (Words{"--system", "--be-kind", "--text"}));
  }

  void namesTheNearest() {
    QCOMPARE(nearest("biuld", {"build", "bench", "run"}), std::string("build"));
    QCOMPARE(nearest("tok", {"tokenize", "run"}), std::string("tokenize"));
    QCOMPARE(nearest("xyzzy", {"build", "bench", "run"}), std::string());
  }

  void sizesAndTimesAreForPeople() {
    QCOMPARE(humanBytes(999), std::string("999 B"));
    QCOMPARE(humanBytes(1'230'000'000), std::string("1.23 GB"));
    QCOMPARE(humanSeconds(0.85), std::string("850 ms"));
    QCOMPARE(humanSeconds(200), std::string("3 min 20 s"));
    QCOMPARE(humanSeconds(7300), std::string("2 h 1 min"));
  }

  void pathsAreQuotedForAShell() {
    QCOMPARE(shellQuoted("/a/b-1.x"), std::string("/a/b-1.x"));
    QCOMPARE(shellQuoted("my engine"), std::string("'my engine'"));
    QCOMPARE(shellQuoted("it's"), std::string("'it'\\''s'"));
  }
};

QTEST_GUILESS_MAIN(ArgumentsTest)
#include "arguments_test.moc"
