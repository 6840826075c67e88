#include "core/hub/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "core/base/file.h"
#include "core/base/json.h"

namespace flightdeck {
namespace {

constexpr size_t kMostJournalBytes = 16u << 20;

/// Changes with every start of the machine; a page cache lives as long.
std::string boot_id() {
  FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "r");
  char text[64] = {};
  if (file) {
    (void)!std::fgets(text, sizeof text, file);
    std::fclose(file);
  }
  std::string id = text;
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
}

}  // namespace

Result<std::unique_ptr<PartFile>> PartFile::open(const Folder& folder, const std::string& name, PartIdentity identity,
                                                 uint64_t part_bytes, uint64_t journal_bytes) {
  std::unique_ptr<PartFile> file(new PartFile(folder, name, std::move(identity)));
  TRY(file->file_, folder.open_file(name, O_RDWR | O_CREAT));
  file->journal_bytes_ = journal_bytes;
  if (!file->recover()) {
    file->divide(part_bytes);
    if (ftruncate(file->file_.get(), 0) != 0) return file_error(folder.path_of(name), "write", errno);
  }
  TRY_VOID(file->start_journal());
  return file;
}

PartFile::~PartFile() { note_all(); }

void PartFile::divide(uint64_t part_bytes) {
  part_bytes_ = std::max<uint64_t>(part_bytes, 1);
  parts_.clear();
  for (uint64_t begin = 0; begin < identity_.size;) {
    const uint64_t end = single_ || identity_.size - begin <= part_bytes_ ? identity_.size : begin + part_bytes_;
    parts_.push_back({begin, end, 0});
    begin = end;
  }
  noted_.assign(parts_.size(), 0);
  written_ = 0;
}

/// Takes over what the journal claims and the file can hold; false when there is nothing of use.
bool PartFile::recover() {
  const auto text = read_file(folder_.path_of(name_ + ".journal"), kMostJournalBytes);
  if (!text) return false;
  const size_t head_end = text->find('\n');
  if (head_end == text->npos) return false;
  const auto head = parse_json(std::string_view(*text).substr(0, head_end), name_);
  if (!head || !head->is_object()) return false;
  const JsonReader reader(*head, name_);
  const auto version = reader.integer("version", 1, 1);
  const auto size = reader.integer("size", 0, INT64_MAX);
  const auto part_bytes = reader.integer("part_bytes", 1, INT64_MAX);
  const auto single = reader.boolean("single");
  if (!version || !size || !part_bytes || !single || static_cast<uint64_t>(*size) != identity_.size) return false;
  const std::string hash = text_of(*head, "hash");
  if (hash != identity_.hash.hex() || (hash.empty() && text_of(*head, "commit") != identity_.commit)) return false;
  struct stat info {};
  if (fstat(file_.get(), &info) != 0 || static_cast<uint64_t>(info.st_size) > identity_.size) return false;
  single_ = *single;
  divide(static_cast<uint64_t>(*part_bytes));
  source_ = {text_of(*head, "origin"), text_of(*head, "etag")};
  const bool same_boot = text_of(*head, "boot") == boot_id();
  for (size_t begin = head_end + 1; begin < text->size();) {
    const size_t end = text->find('\n', begin);
    if (end == text->npos) break;
    unsigned long long index = 0, done = 0;
    char mark = 0;
    const std::string line = text->substr(begin, end - begin);
    if (std::sscanf(line.c_str(), "%c %llu %llu", &mark, &index, &done) != 3 || index >= parts_.size()) break;
    Part& part = parts_[index];
    const uint64_t held =
        static_cast<uint64_t>(info.st_size) > part.begin ? static_cast<uint64_t>(info.st_size) - part.begin : 0;
    if (mark == 's' || same_boot) part.done = std::min<uint64_t>({done, part.end - part.begin, held});
    begin = end + 1;
  }
  for (const Part& part : parts_) written_ += part.done;
  return true;
}

std::string PartFile::head_line() const {
  const Json head = {
      {"version", 1},      {"size", identity_.size},    {"hash", identity_.hash.hex()}, {"commit", identity_.commit},
      {"single", single_}, {"part_bytes", part_bytes_}, {"origin", source_.origin},     {"etag", source_.etag},
      {"boot", boot_id()}};
  return head.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A fresh journal of what is there. After this one is in place, lines are appended without a sync: a hint may be lost.
Result<void> PartFile::start_journal() {
  std::string text = head_line();
  for (size_t i = 0; i < parts_.size(); ++i) {
    noted_[i] = parts_[i].done;
    if (parts_[i].done > 0) text += fmt::format("w {} {}\n", i, parts_[i].done);
  }
  // Not AtomicFile: its fsync would flush the gigabytes beside it, and nothing is lost with a journal.
  const std::string temporary = name_ + ".journal.tmp";
  folder_.remove(temporary);
  TRY(FileHandle journal, folder_.open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_APPEND));
  if (::write(journal.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    folder_.remove(temporary);
    return file_error(folder_.path_of(temporary), "write", ENOSPC);
  }
  TRY_VOID(folder_.rename(temporary, folder_, name_ + ".journal"));
  journal_ = std::move(journal);
  return {};
}

void PartFile::append(char mark, size_t index, uint64_t done) {
  const std::string line = fmt::format("{} {} {}\n", mark, index, done);
  (void)!::write(journal_.get(), line.data(), line.size());
}

PartFile::Part PartFile::part(size_t index) const {
  const std::lock_guard lock(mutex_);
  return parts_[index];
}

uint64_t PartFile::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

uint64_t PartFile::front() const {
  const std::lock_guard lock(mutex_);
  for (const Part& part : parts_)
    if (part.done < part.end - part.begin) return part.begin + part.done;
  return identity_.size;
}

Result<void> PartFile::write(size_t index, std::span<const std::byte> bytes) {
  const Part part = this->part(index);
  uint64_t offset = part.begin + part.done;
  for (auto rest = bytes; !rest.empty();) {
    const ssize_t put = pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return file_error(folder_.path_of(name_), "write", put < 0 ? errno : ENOSPC);
    rest = rest.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
  const std::lock_guard lock(mutex_);
  Part& own = parts_[index];
  own.done += bytes.size();
  written_ += bytes.size();
  if (own.done - noted_[index] >= journal_bytes_ || own.done == own.end - own.begin) {
    append('w', index, own.done);
    noted_[index] = own.done;
  }
  return {};
}

Result<size_t> PartFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  for (;;) {
    const ssize_t got = pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(folder_.path_of(name_), "read", errno);
    if (got == 0) return fail(ErrorKind::io, "{}: became shorter while it was downloaded", folder_.path_of(name_));
    return static_cast<size_t>(got);
  }
}

Result<void> PartFile::sync_front(uint64_t end) {
  if (fdatasync(file_.get()) != 0) return file_error(folder_.path_of(name_), "flush", errno);
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < parts_.size() && parts_[i].begin < end; ++i)
    append('s', i, std::min(parts_[i].end, end) - parts_[i].begin);
  for (size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].done > 0) append('w', i, noted_[i] = parts_[i].done);
  return {};
}

Result<void> PartFile::sync() {
  if (fsync(file_.get()) != 0) return file_error(folder_.path_of(name_), "flush", errno);
  return {};
}

void PartFile::start_writing_back(uint64_t offset, uint64_t bytes) const {
  sync_file_range(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
}

Result<void> PartFile::restart(bool single) {
  const std::lock_guard lock(mutex_);
  single_ = single_ || single;
  source_ = {};
  divide(part_bytes_);
  if (ftruncate(file_.get(), 0) != 0) return file_error(folder_.path_of(name_), "write", errno);
  return start_journal();
}

void PartFile::note_all() {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].done != noted_[i]) append('w', i, noted_[i] = parts_[i].done);
}

PartFile::Source PartFile::source() const {
  const std::lock_guard lock(mutex_);
  return source_;
}

void PartFile::set_source(Source source) {
  const std::lock_guard lock(mutex_);
  if (source_.origin == source.origin && source_.etag == source.etag) return;
  source_ = std::move(source);
  (void)start_journal();  // without it the next run asks without If-Range
}

void PartFile::remove() {
  folder_.remove(name_);
  forget_journal();
}

}  // namespace flightdeck
