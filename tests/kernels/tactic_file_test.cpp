// The file in which a GPU's measured decisions outlive the process: read back as written, or not at all.
#include "kernels/cuda/tactic_file.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace flightdeck::cuda;

namespace {

const std::string kDevice = "NVIDIA H200, sm90, driver 13000, cuda 13000, cublasLt 130000, kernels 1";

std::vector<TacticRecord> some_records() {
  return {{4096, 11008, 1, 0, 16, 0, 2}, {12288, 4096, 3, 1, 1, 1, 0}, {125696, 4096, 0, 0, 256, 0, 1}};
}

bool equal(const std::vector<TacticRecord>& a, const std::vector<TacticRecord>& b) {
  return tactic_text("", a) == tactic_text("", b);
}

}  // namespace

class TacticFileTest : public QObject {
  Q_OBJECT
 private slots:
  void reads_what_was_written_and_replaces_it() {
    const QTemporaryDir folder;
    const std::string path = folder.filePath("tactics.txt").toStdString();
    QVERIFY(!read_tactics(path, kDevice));
    QVERIFY(write_tactics(path, kDevice, {}));
    QVERIFY(write_tactics(path, kDevice, some_records()));
    const auto records = read_tactics(path, kDevice);
    QVERIFY(records && equal(*records, some_records()));
    QCOMPARE(QDir(folder.path()).entryList(QDir::Files), QStringList{"tactics.txt"});
  }

  void a_file_of_another_gpu_driver_or_version_is_none() {
    const std::string text = tactic_text(kDevice, some_records());
    QVERIFY(parse_tactics(text, kDevice));
    QVERIFY(!parse_tactics(text, "NVIDIA H200, sm90, driver 13010, cuda 13000, cublasLt 130000, kernels 1"));
    QVERIFY(!parse_tactics(text, kDevice + "0"));
    QVERIFY(!parse_tactics("flightdeck-tactics 1 " + kDevice + "\nend 0\n", kDevice));
  }

  void no_part_of_a_file_is_taken_for_the_whole() {
    const std::string text = tactic_text(kDevice, some_records());
    for (size_t length = 0; length < text.size(); ++length) QVERIFY(!parse_tactics(text.substr(0, length), kDevice));
    QVERIFY(!parse_tactics(text + "1 2 3 4 5 0 0\n", kDevice));
  }

  void damaged_lines_make_a_file_none_data() {
    QTest::addColumn<QString>("line");
    QTest::newRow("words") << "rows cols";
    QTest::newRow("too few") << "4096 4096 1 0 16 0";
    QTest::newRow("too many") << "4096 4096 1 0 16 0 2 9";
    QTest::newRow("negative") << "4096 4096 1 0 16 0 -1";
    QTest::newRow("no rows") << "0 4096 1 0 16 0 2";
    QTest::newRow("larger than a number") << "99999999999999999999 4096 1 0 16 0 2";
    QTest::newRow("neither type") << "4096 4096 1 0 16 7 2";
    QTest::newRow("zeros of a crash") << QString(32, QChar(0));
  }
  void damaged_lines_make_a_file_none() {
    QFETCH(QString, line);
    const std::string text = std::string(kTacticHeader) + kDevice + "\n" + line.toStdString() + "\nend 1\n";
    QVERIFY(!parse_tactics(text, kDevice));
  }

  void what_cannot_be_written_is_false_and_leaves_nothing() {
    const QTemporaryDir folder;
    QVERIFY(!write_tactics(folder.filePath("absent/tactics.txt").toStdString(), kDevice, some_records()));
    QVERIFY(QDir(folder.path()).mkdir("taken"));
    QVERIFY(!write_tactics(folder.filePath("taken").toStdString(), kDevice, some_records()));
    QVERIFY(QDir(folder.path()).entryList(QDir::Files).isEmpty());
    QCOMPARE(tactic_file_name("NVIDIA H200 (a/b)"), std::string("tactics-NVIDIA-H200--a-b-.txt"));
  }
};

QTEST_GUILESS_MAIN(TacticFileTest)
#include "tactic_file_test.moc"
