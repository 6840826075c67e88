#include "core/hub/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/file.h"

namespace flightdeck {

FileHandle::~FileHandle() {
  if (fd_ >= 0) close(fd_);
}

tl::unexpected<Error> file_error(const std::string& path, const char* doing, int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT: {
      const auto free = free_disk_bytes(path);
      return fail(ErrorKind::no_space,
                  "{}: the disk is full ({} bytes free); what is downloaded stays: free some space and resume", path,
                  free ? *free : 0);
    }
    case ELOOP:
      return fail(ErrorKind::io, "{}: is a symbolic link where a file or folder of a model must be: remove it", path);
    case ENOENT:
      return fail(ErrorKind::not_found, "{}: no such file or folder", path);
    case EROFS:
      return fail(ErrorKind::io, "{}: lies on a read-only file system: choose another folder", path);
    case EACCES:
    case EPERM:
      return fail(ErrorKind::io, "{}: no permission to {}", path, doing);
    default:
      return fail(ErrorKind::io, "{}: cannot {}: {}", path, doing, std::strerror(code));
  }
}

Result<Folder> Folder::open(const std::string& path) {
  TRY_VOID(make_directories(path));
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return file_error(path, "open", errno);
  Folder folder;
  folder.handle_ = std::make_shared<FileHandle>(fd);
  folder.path_ = path;
  return folder;
}

Result<Folder> Folder::sub(std::string_view relative) const {
  Folder folder = *this;
  while (!relative.empty()) {
    const size_t slash = std::min(relative.find('/'), relative.size());
    const std::string name(relative.substr(0, slash));
    relative.remove_prefix(std::min(slash + 1, relative.size()));
    const std::string path = folder.path_of(name);
    if (mkdirat(folder.handle_->get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      return file_error(path, "create", errno);
    const int fd = openat(folder.handle_->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    // A link is ENOTDIR here, since O_DIRECTORY is looked at first.
    if (fd < 0) return file_error(path, "open", errno == ENOTDIR ? ELOOP : errno);
    folder.handle_ = std::make_shared<FileHandle>(fd);
    folder.path_ = path;
  }
  return folder;
}

Result<FileHandle> Folder::open_file(const std::string& name, int flags) const {
  FileHandle file(openat(handle_->get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666));
  if (file.get() < 0) return file_error(path_of(name), "open", errno);
  struct stat info {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorKind::io, "{}: is not a regular file: remove it", path_of(name));
  return file;
}

std::optional<uint64_t> Folder::size_of(const std::string& name, bool follow) const {
  struct stat info {};
  if (fstatat(handle_->get(), name.c_str(), &info, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISREG(info.st_mode)) return {};
  return static_cast<uint64_t>(info.st_size);
}

uint64_t Folder::allocated_bytes(const std::string& name) const {
  struct stat info {};
  const bool there = fstatat(handle_->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
  return there ? static_cast<uint64_t>(info.st_blocks) * 512 : 0;
}

Result<void> Folder::rename(const std::string& name, const Folder& to, const std::string& new_name) const {
  if (renameat(handle_->get(), name.c_str(), to.handle_->get(), new_name.c_str()) != 0)
    return file_error(to.path_of(new_name), "rename to", errno);
  return {};
}

Result<void> Folder::make_link(const std::string& target, const std::string& name) const {
  const std::string temporary = fmt::format(".{}.{}.tmp", name.substr(0, 200), getpid());
  remove(temporary);
  if (symlinkat(target.c_str(), handle_->get(), temporary.c_str()) != 0)
    return file_error(path_of(name), "link", errno);
  const auto renamed = rename(temporary, *this, name);
  if (!renamed) remove(temporary);
  return renamed;
}

bool Folder::hard_link(const std::string& from_path, const std::string& name) const {
  return linkat(AT_FDCWD, from_path.c_str(), handle_->get(), name.c_str(), 0) == 0;
}

void Folder::remove(const std::string& name) const { unlinkat(handle_->get(), name.c_str(), 0); }

Result<void> Folder::sync() const {
  // Some network and FUSE file systems cannot sync folders; nothing better exists there.
  if (fsync(handle_->get()) != 0 && errno != EINVAL && errno != ENOTSUP) return file_error(path_, "flush", errno);
  return {};
}

}  // namespace flightdeck
