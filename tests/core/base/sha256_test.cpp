// SHA-256 against the examples of FIPS 180-4 and its pieces against the whole.
#include "core/base/sha256.h"

#include <QTemporaryDir>
#include <QTest>
#include <fstream>

using namespace flightdeck;

class Sha256Test : public QObject {
  Q_OBJECT
 private slots:
  void known_answers() {
    QCOMPARE(hash({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    QCOMPARE(hash({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    QCOMPARE(hash({"a", "", "bc"}), hash({"abc"}));
    QVERIFY(is_sha256(hash({})) && !is_sha256("e3b0") && !is_sha256(std::string(64, 'G')));
  }

  void a_file_larger_than_a_piece() {
    const QTemporaryDir folder;
    const std::string path = folder.filePath("big").toStdString();
    const std::string content(20'000'000, 'x');
    std::ofstream(path, std::ios::binary) << content;
    uint64_t read = 0;
    const auto found = sha256_of_file(path, [&](uint64_t bytes) { return read += bytes, true; });
    QCOMPARE(*found, hash({content}));
    QCOMPARE(read, content.size());
    QVERIFY(sha256_of_file(path, [](uint64_t) { return false; }).error().kind == ErrorKind::cancelled);
    QVERIFY(sha256_of_file(path + "2").error().kind == ErrorKind::not_found);
  }

 private:
  static std::string hash(const std::vector<std::string>& pieces) {
    Sha256 hash;
    for (const std::string& piece : pieces) hash.update(std::as_bytes(std::span(piece)));
    return hash.finish();
  }
};

QTEST_GUILESS_MAIN(Sha256Test)
#include "sha256_test.moc"
