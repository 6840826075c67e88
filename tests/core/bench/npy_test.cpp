// .npy files and tables of ids: what numpy writes is read, anything else is named and refused.
#include "core/bench/npy.h"

#include <QTemporaryDir>
#include <QtTest>

#include "core/base/file.h"
#include "core/bench/id_rows.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;

namespace {

/// A version 1 file with this header text.
std::string npy(std::string header, const std::string& data) {
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

template <class T>
std::string raw(std::vector<T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

class NpyTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::string path(const char* name) { return folder_.filePath(QString::fromUtf8(name)).toStdString(); }

 private Q_SLOTS:
  void readsBothWidthsAndOrders() {
    const auto narrow = parse_npy_ids(
        npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", raw<int32_t>({1, 2, 3, 4, 5, 6})), "f");
    VERIFY_OK(narrow);
    QCOMPARE(narrow->rows, size_t(2));
    QCOMPARE(narrow->values, (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
    const auto wide = parse_npy_ids(
        npy("{'descr': '<i8', 'fortran_order': True, 'shape': (2, 2)}", raw<int64_t>({1, 3, 2, -4})), "f");
    VERIFY_OK(wide);
    QCOMPARE(wide->values, (std::vector<int64_t>{1, 2, 3, -4}));
    const auto flat =
        parse_npy_ids(npy("{'shape': (3,), 'fortran_order': False, 'descr': '<i4'}", raw<int32_t>({7, 8, 9})), "f");
    VERIFY_OK(flat);
    QCOMPARE(flat->rows, size_t(1));
    QCOMPARE(flat->cols, size_t(3));
  }

  void refuses_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("message");
    const auto row = [](const char* name, const std::string& bytes, const char* message) {
      QTest::newRow(name) << QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())) << message;
    };
    const std::string good = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }";
    row("empty", "", "not a .npy file");
    row("text", "1,2,3\n", "not a .npy file");
    row("magic only", "\x93NUMPY", "no .npy header");
    row("cut header", npy(good, "").substr(0, 30), "header of");
    row("short data", npy(good, raw<int32_t>({1, 2, 3})), "12 bytes of data");
    row("long data", npy(good, raw<int32_t>({1, 2, 3, 4, 5})), "20 bytes of data");
    row("floats", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", raw<float>({1})), "int32 or int64");
    row("big endian", npy("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", raw<int32_t>({1})),
        "int32 or int64");
    row("objects", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "cos\nsystem\n"), "int32 or int64");
    row("three dimensions", npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 1, 1), }", raw<int32_t>({1})),
        "dimensions");
    row("scalar", npy("{'descr': '<i4', 'fortran_order': False, 'shape': (), }", raw<int32_t>({1})), "dimensions");
    row("overflow", npy("{'descr': '<i4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ""),
        "damaged");
    row("product wraps",
        npy("{'descr': '<i8', 'fortran_order': False, 'shape': (900000000000000, 900000000000000), }",
            raw<int64_t>({1})),
        "bytes of data");
    row("duplicate key",
        npy("{'descr': '<i4', 'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", raw<int32_t>({1})), "damaged");
    row("code", npy("__import__('os')", ""), "damaged");
  }
  void refuses() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, message);
    const auto result = parse_npy_ids(bytes.toStdString(), "ids.npy");
    QVERIFY(!result);
    QVERIFY2(QString::fromStdString(result.error().message).contains(message), result.error().message.c_str());
    QVERIFY(QString::fromStdString(result.error().message).contains("ids.npy"));
  }

  void roundTrips() {
    const IdRows rows = {{1, 2, 3}, {4}};
    VERIFY_OK(write_id_npy(path("out.npy"), rows, 0));
    const auto bytes = read_file(path("out.npy"), 1 << 20);
    VERIFY_OK(bytes);
    QCOMPARE(bytes->size(), size_t(128 + 6 * 4));  // data begin at a multiple of 64
    const auto array = parse_npy_ids(*bytes, "out.npy");
    VERIFY_OK(array);
    QCOMPARE(array->values, (std::vector<int64_t>{1, 2, 3, 4, 0, 0}));
    const auto again = read_id_rows(path("out.npy"), 0);
    VERIFY_OK(again);
    QCOMPARE(*again, rows);
    VERIFY_OK(write_id_csv(path("out.csv"), rows));
    QCOMPARE(*read_id_rows(path("out.csv"), -1), rows);
  }

  void readsTextRowsAndStripsPadding() {
    VERIFY_OK(write_file_atomically(path("a.txt"), "1 5 6 2 2\r\n\n2,2,1,9\n-1 -1 8\n"));
    const auto rows = read_id_rows(path("a.txt"), 2, 1);
    VERIFY_OK(rows);
    QCOMPARE(*rows, (IdRows{{1, 5, 6}, {1, 9}, {8}}));
  }

  void namesTheRowThatIsWrong() {
    VERIFY_OK(write_file_atomically(path("b.csv"), "1,2\n3,x4\n"));
    VERIFY_ERROR(read_id_rows(path("b.csv"), -1), ErrorKind::invalid_input, "row 1 holds 'x4'");
    VERIFY_OK(write_file_atomically(path("c.csv"), "99999999999\n"));
    VERIFY_ERROR(read_id_rows(path("c.csv"), -1), ErrorKind::invalid_input, "too large");
    VERIFY_OK(write_file_atomically(path("d.csv"), "5\n2,2\n"));
    VERIFY_ERROR(read_id_rows(path("d.csv"), 2), ErrorKind::invalid_input, "nothing but padding");
    VERIFY_ERROR(read_id_rows(path("missing.npy"), 2), ErrorKind::not_found, "missing.npy");
    VERIFY_ERROR(read_id_rows(path("ids.bin"), 2), ErrorKind::unsupported, ".npy, .csv and .txt");
  }
};

QTEST_GUILESS_MAIN(NpyTest)
#include "npy_test.moc"
