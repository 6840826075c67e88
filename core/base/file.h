// Files: read whole, mapped, or written atomically. Nothing else in core writes user data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

/// A regular file mapped read-only. Opening refuses FIFOs, devices and directories. Movable; unmaps itself.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  /// Tells the system that these bytes will not be needed again, so that mapped pages do not count as ours.
  void drop(std::span<const std::byte> range) const;
  /// Error when the file was shortened or written to since it was opened; bytes past a new end read as zeros.
  /// Whoever has read a file to the end asks here before trusting the result.
  Result<void> unchanged() const;

 private:
  MappedFile() = default;
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  int fd_ = -1;
  int guard_ = -1;           // slot of the SIGBUS guard
  int64_t modified_ns_ = 0;  // modification time at open
};

/// The whole of a regular file of at most max_bytes.
Result<std::string> read_file(const std::string& path, size_t max_bytes);

/// Who may read a file that is written: what the umask leaves, or its owner alone (secrets).
enum class FileAccess { usual, owner_only };

/// A file that appears whole or not at all: written to a temporary in the same directory, every step checked, flushed,
/// fsynced, renamed on commit(), directory fsynced. Without commit() nothing is left behind.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path, FileAccess access = FileAccess::usual);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
  Result<void> commit();

 private:
  AtomicFile() = default;
  std::string path_, temporary_;
  int fd_ = -1;
};

Result<void> write_file_atomically(const std::string& path, std::string_view content,
                                   FileAccess access = FileAccess::usual);
/// fsync of a directory, so that a rename inside it survives a power cut.
Result<void> sync_directory(const std::string& path);
/// Free bytes for an unprivileged user where `path` (or its nearest existing parent) lies.
Result<uint64_t> free_disk_bytes(const std::string& path);
Result<void> make_directories(const std::string& path);

}  // namespace flightdeck
