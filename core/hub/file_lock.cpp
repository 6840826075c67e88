#include "core/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "core/hub/http.h"

namespace flightdeck {
namespace {

constexpr std::chrono::milliseconds kAskAgain{100};

/// Whether the file that was locked is still the one with this name: another program may have removed it meanwhile.
bool is_current(const FileHandle& file, const std::string& path) {
  struct stat mine {
  }, theirs{};
  return fstat(file.get(), &mine) == 0 && stat(path.c_str(), &theirs) == 0 && mine.st_ino == theirs.st_ino &&
         mine.st_dev == theirs.st_dev;
}

/// Cluster file systems that may be mounted so that a lock is granted to every machine at once.
bool may_lie(const FileHandle& file) {
  struct statfs info {};
  if (fstatfs(file.get(), &info) != 0) return false;
  constexpr uint32_t kLustre = 0x0BD00BD0, kGpfs = 0x47504653, kBeeGfs = 0x19830326;
  const auto type = static_cast<uint32_t>(info.f_type);
  return type == kLustre || type == kGpfs || type == kBeeGfs;
}

}  // namespace

Result<FileLock> FileLock::take(const Folder& folder, const std::string& name, std::stop_token stop,
                                const std::function<void()>& waiting) {
  for (bool told = false;;) {
    FileLock lock;
    TRY(lock.file_, folder.open_file(name, O_RDWR | O_CREAT));
    if (flock(lock.file_.get(), LOCK_EX | LOCK_NB) == 0) {
      lock.held_ = !may_lie(lock.file_);
      if (is_current(lock.file_, folder.path_of(name))) return lock;
      continue;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) return lock;
    if (waiting && !std::exchange(told, true)) waiting();
    if (!wait_for(kAskAgain, stop))
      return fail(ErrorKind::cancelled, "{}: waiting for another program's download was cancelled",
                  folder.path_of(name));
  }
}

}  // namespace flightdeck
