// A file on its way: byte ranges that arrive in any order, and a journal that survives the process.
//
//   <name>          the bytes, each at its final offset
//   <name>.journal
//   {"version":1,"size":…,"hash":"…","commit":"…","single":false,"part_bytes":…,"origin":"…","etag":"…","boot":"…"}
//                   w <part> <bytes>   so many bytes of the part are written; enough while the machine stays up
//                   s <part> <bytes>   so many have reached the disk; what counts after a crash of the machine
//
// The journal only ever claims less than is there, a torn last line is ignored, and the hash has the last word.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/hub/folder.h"
#include "core/hub/names.h"

namespace flightdeck {

/// Whose bytes these are. A partial file of another identity is thrown away, never mixed.
struct PartIdentity {
  uint64_t size = 0;
  ContentHash hash;
  std::string commit;  // decides only where there is no hash: equal hashes are equal bytes at any commit
};

/// Thread-safe: each part has one writer, readers may run beside them.
class PartFile {
 public:
  /// What is left of an earlier run, or an empty file. `part_bytes`: a part's size where nothing was there before.
  static Result<std::unique_ptr<PartFile>> open(const Folder& folder, const std::string& name, PartIdentity identity,
                                                uint64_t part_bytes, uint64_t journal_bytes);
  ~PartFile();

  struct Part {
    uint64_t begin = 0, end = 0;
    uint64_t done = 0;  // bytes from begin
  };
  size_t part_count() const { return parts_.size(); }
  Part part(size_t index) const;
  uint64_t size() const { return identity_.size; }
  uint64_t written() const;
  /// Bytes from the start without a gap.
  uint64_t front() const;
  bool is_complete() const { return written() == identity_.size; }

  Result<void> write(size_t index, std::span<const std::byte> bytes);
  Result<size_t> read(uint64_t offset, std::span<std::byte> bytes) const;
  /// The first `end` bytes are on the disk when this returns.
  Result<void> sync_front(uint64_t end);
  /// Everything, before the file gets its name.
  Result<void> sync();
  /// Starts writing back what lies there, without waiting: the sync at the end is then short.
  void start_writing_back(uint64_t offset, uint64_t bytes) const;
  /// Forgets all bytes. `single`: one stream from now on, for servers without ranges.
  Result<void> restart(bool single);
  /// Appends to the journal what the last steps did not reach.
  void note_all();

  /// The tag under which a server knows the file; empty before the first answer.
  struct Source {
    std::string origin, etag;
  };
  Source source() const;
  void set_source(Source source);

  const std::string& name() const { return name_; }
  const Folder& folder() const { return folder_; }
  void remove();  // file and journal
  void forget_journal() { folder_.remove(name_ + ".journal"); }

 private:
  PartFile(const Folder& folder, std::string name, PartIdentity identity)
      : folder_(folder), name_(std::move(name)), identity_(std::move(identity)) {}
  void divide(uint64_t part_bytes);
  bool recover();
  Result<void> start_journal();
  void append(char mark, size_t index, uint64_t done);
  std::string head_line() const;

  const Folder folder_;
  const std::string name_;
  const PartIdentity identity_;
  uint64_t part_bytes_ = 0;
  uint64_t journal_bytes_ = 0;
  bool single_ = false;
  FileHandle file_;
  mutable std::mutex mutex_;  // guards what follows
  FileHandle journal_;
  std::vector<Part> parts_;
  std::vector<uint64_t> noted_;  // of each part, in the journal
  uint64_t written_ = 0;
  Source source_;
};

}  // namespace flightdeck
