#include "core/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/sigbus_guard.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

/// The error of a failed system call on `path`; `doing` is a word like "read".
tl::unexpected<Error> system_error(const std::string& path, const char* doing, int code) {
  switch (code) {
    case ENOTDIR:
      return fail(ErrorKind::not_found, "{}: a file stands where its path needs a folder: check the path", path);
    case ENOENT:
      if (std::string_view(doing) == "write")
        return fail(ErrorKind::not_found, "{}: its folder is not there: choose a folder that exists", path);
      return fail(ErrorKind::not_found, "{}: no such file or folder: check the path", path);
    case EACCES:
    case EPERM:
      return fail(ErrorKind::io, "{}: no permission to {}: change its permissions or choose another place", path,
                  doing);
    case EROFS:
      return fail(ErrorKind::io, "{}: lies on a read-only file system: choose another place", path);
    case ENOSPC:
    case EDQUOT: {
      const auto free = free_disk_bytes(path);
      return fail(ErrorKind::no_space, "{}: the disk is full ({} bytes free): free some space and try again", path,
                  free ? *free : 0);
    }
    default:
      return fail(ErrorKind::io, "{}: cannot {}: {}", path, doing, std::strerror(code));
  }
}

/// A descriptor of an open regular file; closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

/// Opens a regular file for reading. O_NONBLOCK: a FIFO without a writer must not hang us.
Result<Descriptor> open_regular(const std::string& path, struct stat& info) {
  if (path.find('\0') != path.npos) return fail(ErrorKind::invalid_input, "a file name contains a NUL byte");
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0 && errno == ENXIO)
    return fail(ErrorKind::invalid_input, "{}: is a socket or device, a file is needed", path);
  if (fd.get() < 0) return system_error(path, "read", errno);
  if (fstat(fd.get(), &info) != 0) return system_error(path, "read", errno);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorKind::invalid_input, "{}: is {}, a file is needed", path, kind_of(info.st_mode));
  return fd;
}

int64_t modified_ns(const struct stat& info) {
  return static_cast<int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  struct stat info {};
  TRY(Descriptor fd, open_regular(path, info));
  MappedFile file;
  file.path_ = path;
  file.modified_ns_ = modified_ns(info);
  if (info.st_size > 0) {
    const auto size = static_cast<size_t>(info.st_size);
    void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (data == MAP_FAILED) return system_error(path, "map", errno);
    file.data_ = static_cast<const std::byte*>(data);
    file.size_ = size;
    file.guard_ = sigbus_guard::add(data, size);
    if (file.guard_ < 0) return fail(ErrorKind::io, "{}: too many files are mapped at once", path);
  }
  file.fd_ = fd.release();
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(fd_, other.fd_);
  std::swap(guard_, other.guard_);
  std::swap(modified_ns_, other.modified_ns_);
  return *this;
}

MappedFile::~MappedFile() {
  sigbus_guard::remove(guard_);
  if (data_) munmap(const_cast<std::byte*>(data_), size_);
  if (fd_ >= 0) close(fd_);
}

void MappedFile::drop(std::span<const std::byte> range) const {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto base = reinterpret_cast<uintptr_t>(data_);
  const auto begin = std::max(base, reinterpret_cast<uintptr_t>(range.data()));
  const auto end = std::min(base + size_, reinterpret_cast<uintptr_t>(range.data()) + range.size());
  if (begin >= end) return;
  const uintptr_t first = begin & ~(page - 1);  // a page shared with a neighbour is simply read again
  madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

Result<void> MappedFile::unchanged() const {
  struct stat info {};
  if (fd_ < 0 || fstat(fd_, &info) != 0) return system_error(path_, "read", fd_ < 0 ? EBADF : errno);
  if (sigbus_guard::faulted(guard_) || static_cast<size_t>(info.st_size) < size_)
    return fail(ErrorKind::io,
                "{}: became unreadable or shorter while it was read ({} bytes, {} at the start): try again", path_,
                info.st_size, size_);
  if (static_cast<size_t>(info.st_size) != size_ || modified_ns(info) != modified_ns_)
    return fail(ErrorKind::io, "{}: was changed while it was read: try again", path_);
  return {};
}

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  struct stat info {};
  TRY(const Descriptor fd, open_regular(path, info));
  if (static_cast<uint64_t>(info.st_size) > max_bytes)
    return fail(ErrorKind::corrupt, "{}: {} bytes, at most {} are read", path, info.st_size, max_bytes);
  std::string content(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t got = pread(fd.get(), content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) return fail(ErrorKind::io, "{}: became shorter while it was read: try again", path);
    done += static_cast<size_t>(got);
  }
  return content;
}

Result<AtomicFile> AtomicFile::create(const std::string& path, FileAccess access) {
  static std::atomic<unsigned> counter{0};
  std::error_code ignored;
  const fs::path target = fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : fs::path(path);
  struct stat info {};
  const bool exists = stat(target.c_str(), &info) == 0;
  if (target.filename().empty() || (exists && !S_ISREG(info.st_mode)))
    return fail(ErrorKind::invalid_input, "{}: is not a file that can be written: name a new file", path);
  AtomicFile file;
  file.path_ = target.string();
  const bool is_secret = access == FileAccess::owner_only;
  do {
    file.temporary_ = fmt::format("{}/.{}.{}-{}.tmp", parent_of(file.path_), target.filename().string(), getpid(),
                                  counter.fetch_add(1));
    file.fd_ = open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_secret ? 0600 : 0666);
  } while (file.fd_ < 0 && errno == EEXIST);  // left behind by a killed process with our number
  if (file.fd_ < 0) {
    file.temporary_.clear();
    return system_error(path, "write", errno);
  }
  if (exists && !is_secret) (void)!fchmod(file.fd_, info.st_mode & 07777);  // a private file stays private
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  return *this;
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  if (fd_ < 0) return fail(ErrorKind::io, "{}: written to after it was finished or failed", path_);
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), std::min<size_t>(bytes.size(), 1u << 30));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int code = put < 0 ? errno : ENOSPC;
      close(std::exchange(fd_, -1));  // a later commit must not install a file with a hole
      return system_error(path_, "write", code);
    }
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (fd_ < 0) return fail(ErrorKind::io, "{}: not written, because an earlier write failed", path_);
  const bool flushed = fsync(fd_) == 0;
  const int flush_code = errno;
  const bool closed = close(std::exchange(fd_, -1)) == 0;
  if (!flushed) return system_error(path_, "flush", flush_code);
  if (!closed) return system_error(path_, "close", errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return system_error(path_, "replace", errno);
  temporary_.clear();
  return sync_directory(parent_of(path_));
}

Result<void> write_file_atomically(const std::string& path, std::string_view content, FileAccess access) {
  TRY(AtomicFile file, AtomicFile::create(path, access));
  TRY_VOID(file.write(content));
  return file.commit();
}

Result<void> sync_directory(const std::string& path) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return system_error(path, "open", errno);
  // Some network and FUSE file systems cannot sync folders; nothing better exists there.
  if (fsync(fd.get()) != 0 && errno != EINVAL && errno != ENOTSUP) return system_error(path, "flush", errno);
  return {};
}

Result<uint64_t> free_disk_bytes(const std::string& path) {
  std::error_code code;
  fs::path place = fs::absolute(path, code);
  while (!fs::exists(place, code) && place.has_relative_path()) place = place.parent_path();
  struct statvfs info {};
  if (statvfs(place.c_str(), &info) != 0) return system_error(path, "measure the free space", errno);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

Result<void> make_directories(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return system_error(path, "create the folder", code.value());
  if (!fs::is_directory(path, code))
    return fail(ErrorKind::io, "{}: exists and is not a folder: choose another name", path);
  return {};
}

}  // namespace flightdeck
