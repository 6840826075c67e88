#include "core/base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/expect_error.h"

using namespace flightdeck;

class FileTest : public QObject {
  Q_OBJECT
 private slots:
  void init() { folder_ = std::make_unique<QTemporaryDir>(); }

  void maps_a_file() {
    write("a", "hello");
    auto first = MappedFile::open(path("a"));
    VERIFY_OK(first);
    const MappedFile moved = std::move(*first);
    QCOMPARE(std::string(reinterpret_cast<const char*>(moved.bytes().data()), moved.bytes().size()),
             std::string("hello"));
    VERIFY_OK(moved.unchanged());
  }

  void row55_zero_bytes() {
    write("empty", "");
    const auto mapped = MappedFile::open(path("empty"));
    VERIFY_OK(mapped);
    QVERIFY(mapped->bytes().empty());
    QCOMPARE(*read_file(path("empty"), 10), std::string());
  }

  void row55_only_regular_files_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("kind");
    QTest::newRow("pipe") << "pipe"
                          << "a pipe";
    QTest::newRow("folder") << "folder"
                            << "a folder";
    QTest::newRow("device") << "/dev/zero"
                            << "a device";
  }
  void row55_only_regular_files() {
    QFETCH(QString, name);
    QFETCH(QString, kind);
    QCOMPARE(mkfifo(path("pipe").c_str(), 0600), 0);
    QCOMPARE(mkdir(path("folder").c_str(), 0700), 0);
    const std::string target = name.startsWith('/') ? name.toStdString() : path(name.toStdString());
    VERIFY_ERROR(MappedFile::open(target), ErrorKind::invalid_input, kind.toStdString());
    VERIFY_ERROR(read_file(target, 100), ErrorKind::invalid_input, kind.toStdString());
  }

  void row55_unreadable_and_missing() {
    VERIFY_ERROR(MappedFile::open(path("missing")), ErrorKind::not_found, "missing");
    write("secret", "x");
    QCOMPARE(chmod(path("secret").c_str(), 0), 0);
    QCOMPARE(chmod(path("").c_str(), 0755), 0);
    const bool root = geteuid() == 0;
    if (root) QCOMPARE(seteuid(65534), 0);
    const auto mapped = MappedFile::open(path("secret"));
    if (root) QCOMPARE(seteuid(0), 0);
    VERIFY_ERROR(mapped, ErrorKind::io, "no permission");
  }

  void row54_truncated_while_mapped() {
    write("model", std::string(3 << 20, 'x'));
    const auto mapped = MappedFile::open(path("model"));
    VERIFY_OK(mapped);
    std::filesystem::resize_file(path("model"), 10);
    long sum = 0;  // without the guard this loop ends the program
    for (const std::byte b : mapped->bytes()) sum += static_cast<long>(b);
    QVERIFY(sum <= 10 * 'x');
    VERIFY_ERROR(mapped->unchanged(), ErrorKind::io, "while it was read");
  }

  void row54_truncated_and_grown_again() {
    write("model", std::string(1 << 20, 'x'));
    const auto mapped = MappedFile::open(path("model"));
    std::filesystem::resize_file(path("model"), 0);
    QCOMPARE(static_cast<int>(mapped->bytes().back()), 0);
    std::filesystem::resize_file(path("model"), 1 << 20);
    VERIFY_ERROR(mapped->unchanged(), ErrorKind::io, "while it was read");
  }

  void row54_replaced_while_mapped_keeps_the_old_bytes() {
    write("model", "old");
    const auto mapped = MappedFile::open(path("model"));
    VERIFY_OK(write_file_atomically(path("model"), "new content"));
    QCOMPARE(static_cast<char>(mapped->bytes()[0]), 'o');
    VERIFY_OK(mapped->unchanged());
  }

  void row54_written_in_place_is_noticed() {
    write("model", "abc");
    const auto mapped = MappedFile::open(path("model"));
    std::filesystem::last_write_time(path("model"),
                                     std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
    VERIFY_ERROR(mapped->unchanged(), ErrorKind::io, "changed");
  }

  void dropped_pages_read_the_same_again() {
    write("model", std::string(1 << 20, 'y'));
    const auto mapped = MappedFile::open(path("model"));
    const auto bytes = mapped->bytes();
    mapped->drop(bytes.subspan(5000, 900'000));
    mapped->drop(bytes);
    QVERIFY(std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte('y'); }));
  }

  void reading_has_a_limit() {
    write("a", "12345");
    QCOMPARE(*read_file(path("a"), 5), std::string("12345"));
    VERIFY_ERROR(read_file(path("a"), 4), ErrorKind::corrupt, "5 bytes, at most 4");
  }

  void free_space_of_a_folder_to_be_made() {
    const auto free = free_disk_bytes(path("not/yet/there"));
    VERIFY_OK(free);
    QVERIFY(*free > 0);
  }

  void folders_are_made_with_parents() {
    VERIFY_OK(make_directories(path("a/b/c")));
    VERIFY_OK(make_directories(path("a/b/c")));
    write("file", "");
    VERIFY_ERROR(make_directories(path("file/below")), ErrorKind::not_found, "file");
    QVERIFY(!make_directories(path("file")).has_value());
  }

 private:
  std::string path(const std::string& name) const {
    return folder_->filePath(QString::fromStdString(name)).toStdString();
  }
  void write(const std::string& name, const std::string& content) const { std::ofstream(path(name)) << content; }
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(FileTest)
#include "file_test.moc"
