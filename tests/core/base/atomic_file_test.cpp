#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "core/base/file.h"
#include "tests/support/expect_error.h"

// The linker sends file.cpp's calls here: the call number `fail_at` fails, and every later one when `for_good`.
namespace {
int calls = 0, fail_at = 0;
bool for_good = false;
int failing_code = ENOSPC;

bool fails_now() {
  ++calls;
  return fail_at > 0 && (calls == fail_at || (for_good && calls > fail_at));
}
}  // namespace

extern "C" {
ssize_t __real_write(int fd, const void* data, size_t size);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char* from, const char* to);
ssize_t __wrap_write(int fd, const void* data, size_t size) {
  return fails_now() ? (errno = failing_code, -1)
                     : __real_write(fd, data, std::min<size_t>(size, 1000));  // short writes
}
int __wrap_fsync(int fd) { return fails_now() ? (errno = failing_code, -1) : __real_fsync(fd); }
int __wrap_close(int fd) { return __real_close(fd), fails_now() ? (errno = failing_code, -1) : 0; }
int __wrap_rename(const char* from, const char* to) {
  return fails_now() ? (errno = failing_code, -1) : __real_rename(from, to);
}
}

using namespace flightdeck;

class AtomicFileTest : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    fail_at = 0;
  }

  void a_file_appears_on_commit() {
    auto file = AtomicFile::create(path("a"));
    VERIFY_OK(file);
    VERIFY_OK(file->write(std::string(5000, 'x')));
    QVERIFY(!std::filesystem::exists(path("a")));
    VERIFY_OK(file->commit());
    QCOMPARE(std::filesystem::file_size(path("a")), 5000u);
    QCOMPARE(files_in_folder(), 1);
    QVERIFY(!file->write("more").has_value());
    QVERIFY(!file->commit().has_value());
  }

  void without_commit_nothing_stays() {
    VERIFY_OK(write_file_atomically(path("a"), "old"));
    {
      auto file = AtomicFile::create(path("a"));
      VERIFY_OK(file->write("new"));
    }
    QCOMPARE(*read_file(path("a"), 100), std::string("old"));
    QCOMPARE(files_in_folder(), 1);
  }

  void permissions_and_links_are_kept() {
    VERIFY_OK(write_file_atomically(path("real"), "old"));
    QCOMPARE(chmod(path("real").c_str(), 0600), 0);
    std::filesystem::create_symlink("real", path("link"));
    VERIFY_OK(write_file_atomically(path("link"), "new"));
    struct stat info {};
    QVERIFY(lstat(path("link").c_str(), &info) == 0 && S_ISLNK(info.st_mode));
    QVERIFY(stat(path("real").c_str(), &info) == 0 && (info.st_mode & 0777) == 0600);
    QCOMPARE(*read_file(path("real"), 100), std::string("new"));
  }

  void impossible_targets() {
    VERIFY_ERROR(AtomicFile::create(path("no/such/folder/a")), ErrorKind::not_found, "no/such/folder");
    VERIFY_ERROR(AtomicFile::create(path("")), ErrorKind::invalid_input, "not a file");
    VERIFY_ERROR(AtomicFile::create("/dev/null"), ErrorKind::invalid_input, "/dev/null");
  }

  void unwritable_folder() {
    QCOMPARE(chmod(path("").c_str(), 0555), 0);
    const bool root = geteuid() == 0;
    if (root) QCOMPARE(seteuid(65534), 0);
    const auto result = write_file_atomically(path("a"), "x");
    if (root) QCOMPARE(seteuid(0), 0);
    QCOMPARE(chmod(path("").c_str(), 0755), 0);
    VERIFY_ERROR(result, ErrorKind::io, "no permission to write");
  }

  void every_failing_call_keeps_the_old_file_data() {
    QTest::addColumn<int>("code");
    QTest::addColumn<bool>("for_ever");
    QTest::newRow("disk full once") << ENOSPC << false;
    QTest::newRow("disk full for ever") << ENOSPC << true;
    QTest::newRow("broken disk") << EIO << true;
  }
  void every_failing_call_keeps_the_old_file() {
    QFETCH(int, code);
    QFETCH(bool, for_ever);
    bool succeeded = false;
    for (int n = 1; !succeeded && n < 50; ++n) {
      VERIFY_OK(write_old());
      arm(n, code, for_ever);
      const auto result = write_file_atomically(path("a"), std::string(2500, 'n'));
      succeeded = calls < n;  // the run was over before the fault
      const bool is_new = (arm(0, 0, false), *read_file(path("a"), 5000)) == std::string(2500, 'n');
      QVERIFY(is_new || *read_file(path("a"), 5000) == "old");
      QVERIFY2(is_new || !result.has_value(), "a failed write reported success");
      if (!result) QCOMPARE(result.error().kind, code == ENOSPC ? ErrorKind::no_space : ErrorKind::io);
      QCOMPARE(files_in_folder(), 1);
    }
    QVERIFY(succeeded);
  }

  void a_full_disk_for_real() {
    const int code = in_child([&] {
      if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
      if (mount("tmpfs", path("").c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
      if (!write_file_atomically(path("a"), "old")) return 1;
      const auto result = write_file_atomically(path("a"), std::string(1 << 20, 'n'));
      if (result || result.error().kind != ErrorKind::no_space) return 2;
      if (result.error().message.find("free some space") == std::string::npos) return 3;
      return *read_file(path("a"), 100) == "old" && files_in_folder() == 1 ? 0 : 4;
    });
    if (code == 77) QSKIP("mounting a small tmpfs is not allowed here");
    QCOMPARE(code, 0);
  }

  void killed_while_writing_leaves_a_whole_file() {
    VERIFY_OK(write_file_atomically(path("a"), std::string(20'000, '0')));
    for (int round = 0; round < 30; ++round) {
      const pid_t child = fork();
      if (child == 0)
        for (int i = 0;; ++i)
          (void)write_file_atomically(path("a"), std::string(20'000, static_cast<char>('0' + i % 10)));
      usleep(static_cast<useconds_t>(500 + 300 * round));
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
      const std::string content = *read_file(path("a"), 100'000);
      QCOMPARE(content, std::string(20'000, content[0]));
    }
  }

 private:
  std::string path(const std::string& name) const {
    return folder_->filePath(QString::fromStdString(name)).toStdString();
  }
  Result<void> write_old() const {
    std::filesystem::remove(path("a"));
    return write_file_atomically(path("a"), "old");
  }
  static void arm(int n, int code, bool for_ever) { calls = 0, fail_at = n, failing_code = code, for_good = for_ever; }
  int files_in_folder() const {
    const auto files = std::filesystem::directory_iterator(path(""));
    return static_cast<int>(std::distance(begin(files), end(files)));
  }
  template <class Body>
  static int in_child(const Body& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(AtomicFileTest)
#include "atomic_file_test.moc"
