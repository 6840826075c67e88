// Folders that downloads write to. Below the root no symbolic link is followed: a name from a hub, or a link somebody
// put there, cannot lead a write elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

/// A file descriptor that closes itself.
class FileHandle {
 public:
  explicit FileHandle(int fd = -1) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileHandle();
  int get() const { return fd_; }

 private:
  int fd_;
};

/// The error of a failed system call on `path`; `doing` is a word like "write".
tl::unexpected<Error> file_error(const std::string& path, const char* doing, int code);

/// An open directory; copies share it. Names are single parts.
class Folder {
 public:
  /// The root: links in the user's own path are followed, missing folders created.
  static Result<Folder> open(const std::string& path);
  /// `relative` is "a/b" or empty.
  Result<Folder> sub(std::string_view relative) const;

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// A regular file, created when `flags` say so; O_NOFOLLOW and O_CLOEXEC are added.
  Result<FileHandle> open_file(const std::string& name, int flags) const;
  /// Size of the regular file, also through a link when `follow`; nothing when there is none.
  std::optional<uint64_t> size_of(const std::string& name, bool follow = false) const;
  /// What a file really takes on the disk: a partial one may have holes.
  uint64_t allocated_bytes(const std::string& name) const;
  Result<void> rename(const std::string& name, const Folder& to, const std::string& new_name) const;
  /// Replaces `name` in one step by a symbolic link.
  Result<void> make_link(const std::string& target, const std::string& name) const;
  /// A second name for a file; false where the file system cannot.
  bool hard_link(const std::string& from_path, const std::string& name) const;
  void remove(const std::string& name) const;
  Result<void> sync() const;

 private:
  std::shared_ptr<FileHandle> handle_;
  std::string path_;
};

}  // namespace flightdeck
