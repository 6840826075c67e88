#include "core/engine/partial_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/file.h"
#include "core/engine/engine_dir.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLock = ".lock";
constexpr const char* kSuffix = ".partial";
constexpr int kAttempts = 20;

tl::unexpected<Error> system_error(const std::string& path, const char* doing, int code) {
  const ErrorKind kind = code == ENOSPC || code == EDQUOT ? ErrorKind::no_space : ErrorKind::io;
  return fail(kind, "{}: cannot {}: {}", path, doing, std::strerror(code));
}

/// The lock file of `folder`, locked; -1 with errno, EWOULDBLOCK when another holds it. ESTALE: it was removed
/// meanwhile.
int take_lock(const std::string& folder) {
  const std::string path = folder + "/" + kLock;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return -1;
  int code = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  if (code == 0) {
    struct stat held {
    }, named{};
    const bool same = fstat(fd, &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
                      held.st_dev == named.st_dev;
    if (same) return fd;
    code = ESTALE;
  }
  close(fd);
  errno = code;
  return -1;
}

void unlock(const std::string& folder, int fd) {
  unlink((folder + "/" + kLock).c_str());
  close(fd);
}

/// Everything in `folder` but the lock.
void remove_content(const std::string& folder) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().filename() != kLock) fs::remove_all(entry.path(), code);
}

bool exists(const std::string& path) {
  std::error_code code;
  return fs::exists(fs::symlink_status(path, code));
}

}  // namespace

Result<PartialDir> PartialDir::create(const std::string& output) {
  PartialDir partial;
  partial.output_ = output;
  const std::string path = output + kSuffix;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return system_error(path, "create the folder", errno);
    partial.lock_ = take_lock(path);
    if (partial.lock_ >= 0) {
      partial.path_ = path;
      remove_content(path);  // of a build that was killed
      return partial;
    }
    if (errno == EWOULDBLOCK)
      return fail(ErrorKind::busy, "{}: another build of this engine is running: wait for it or choose another name",
                  output);
    if (errno != ENOENT && errno != ESTALE) return system_error(path, "lock it", errno);
  }
  return fail(ErrorKind::busy, "{}: other builds of this engine keep starting: choose another name", output);
}

PartialDir::PartialDir(PartialDir&& other) noexcept { *this = std::move(other); }

PartialDir& PartialDir::operator=(PartialDir&& other) noexcept {
  std::swap(output_, other.output_);
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

PartialDir::~PartialDir() {
  if (lock_ < 0) return;
  remove_content(path_);
  unlock(path_, lock_);
  rmdir(path_.c_str());
}

/// Afterwards path_ is where the older engine lies. False with errno when nothing was moved.
bool PartialDir::exchange() {
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, output_.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // A file system without exchange: two steps, between which a crash leaves the engine out, but never half of one.
  const std::string aside = output_ + ".old" + kSuffix;
  if (rename(output_.c_str(), aside.c_str()) != 0) return false;
  if (rename(path_.c_str(), output_.c_str()) == 0) {
    path_ = aside;
    return true;
  }
  const int reason = errno;
  (void)!rename(aside.c_str(), output_.c_str());
  errno = reason;
  return false;
}

Result<void> PartialDir::install(bool overwrite) {
  const std::string parent = fs::path(output_).parent_path().string();
  TRY_VOID(sync_directory(path_));
  std::error_code code;
  const bool replaces = exists(output_) && !fs::is_empty(output_, code);
  if (replaces && !overwrite) return fail(ErrorKind::invalid_input, "{}: appeared while the engine was built", output_);
  // The older engine takes our name with one exchange; its own lock keeps others away while it is removed.
  const int old_lock = replaces ? take_lock(output_) : -1;
  if (replaces && old_lock < 0) return system_error(output_, "lock it for replacing", errno);
  const bool moved = replaces ? exchange() : rename(path_.c_str(), output_.c_str()) == 0;
  if (!moved) {
    const int reason = errno;
    if (replaces) unlock(output_, old_lock);
    return system_error(output_, "move the finished engine there", reason);
  }
  unlock(output_, std::exchange(lock_, old_lock));
  TRY_VOID(sync_directory(parent.empty() ? "." : parent));
  return {};  // our destructor removes the older engine, which now lies at path_
}

bool remove_partial(const std::string& path) {
  std::error_code code;
  if (!path.ends_with(kSuffix) || !fs::is_directory(fs::symlink_status(path, code))) return false;
  // Empty: killed between mkdir and lock, or at the very end.
  if (!exists(path + "/" + kLock) && !fs::is_empty(path, code)) return false;
  PartialDir partial;
  partial.lock_ = take_lock(path);
  if (partial.lock_ < 0) return false;
  partial.path_ = path;
  return true;
}

void remove_partial_builds(const std::string& folder) {
  std::error_code code;
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.path().extension() == kSuffix) paths.push_back(entry.path().string());
  for (const std::string& path : paths) remove_partial(path);
}

}  // namespace flightdeck
