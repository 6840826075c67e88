#include "core/hub/verify.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/file.h"
#include "core/hub/file_selection.h"
#include "core/hub/plain_store.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

/// What a file of a model must hash to: the name of its blob, or what was noted when it was checked; none: not known.
ContentHash known_hash(const fs::path& model, const std::string& name) {
  std::error_code code;
  std::string hex = fs::read_symlink(model / name, code).filename().string();
  if (code) {
    const auto noted = read_file((model / ".cache/flightdeck" / (name + ".checked")).string(), 4096);
    hex = noted ? noted->substr(noted->rfind(' ') + 1) : std::string();
  }
  if (const auto sha = ContentHash::sha256(hex)) return *sha;
  const auto blob = ContentHash::git_blob(hex);
  return blob ? *blob : ContentHash();
}

struct StoredFile {
  std::string name;  // relative to the model
  uint64_t size = 0;
};

Result<std::vector<StoredFile>> stored_files(const fs::path& model) {
  std::vector<StoredFile> files;
  std::error_code code, ignored;
  for (auto it = fs::recursive_directory_iterator(model, code); !code && it != fs::recursive_directory_iterator();
       it.increment(code)) {
    if (it->path().filename() == ".cache") it.disable_recursion_pending();
    if (it->is_directory(ignored)) continue;
    const uint64_t size = fs::file_size(it->path(), ignored);
    files.push_back({it->path().lexically_relative(model).string(), ignored ? 0 : size});
  }
  if (code) return file_error(model.string(), "read", code.value());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

const RemoteFile* find_in(const RepoListing* listing, const std::string& name) {
  if (!listing) return nullptr;
  for (const RemoteFile& file : listing->files)
    if (file.path.text() == name) return &file;
  return nullptr;
}

enum class Finding { good, damaged, unverified };

Result<Finding> look_at(const fs::path& model, const StoredFile& file, const RepoListing* listing,
                        const std::function<void(uint64_t)>& progress, std::stop_token stop) {
  ContentHash hash = known_hash(model, file.name);
  const bool is_noted = hash.kind() != ContentHash::Kind::none;
  const RemoteFile* listed = find_in(listing, file.name);
  if (!is_noted && listed) hash = listed->hash;
  const auto digest = digest_of_file((model / file.name).string(), hash.kind(), stop, progress);
  if (!digest && digest.error().kind == ErrorKind::cancelled) return tl::unexpected(digest.error());
  if (!digest) return Finding::damaged;
  if (hash.kind() == ContentHash::Kind::none) return Finding::unverified;
  if (*digest == hash.hex()) return Finding::good;
  // A branch's listing may have moved on since the download: other bytes there are no damage here.
  return is_noted || listing->commit.is_commit() ? Finding::damaged : Finding::unverified;
}

}  // namespace

Result<VerifyReport> verify(const CachedModel& model, const RepoListing* listing, const VerifyProgress& progress,
                            std::stop_token stop) {
  TRY(const std::vector<StoredFile> files, stored_files(model.folder));
  uint64_t total = 0;
  for (const StoredFile& file : files) total += file.size;
  VerifyReport report;
  std::set<std::string> there;
  for (const StoredFile& file : files) {
    const auto tell = [&](uint64_t done) {
      if (progress) progress(report.bytes + done, total);
    };
    TRY(const Finding finding, look_at(model.folder, file, listing, tell, stop));
    if (finding == Finding::damaged) report.damaged.push_back(file.name);
    if (finding == Finding::unverified) report.unverified.push_back(file.name);
    there.insert(file.name);
    ++report.files;
    report.bytes += file.size;
    tell(0);
  }
  const auto needed = listing ? select_files(*listing, {}) : std::vector<RemoteFile>();
  if (needed && (!listing || listing->commit.is_commit()))
    for (const RemoteFile& file : *needed)
      if (!there.contains(file.path.text())) report.missing.push_back(file.path.text());
  return report;
}

Result<bool> is_intact(const std::string& folder, const RemoteFile& file, std::stop_token stop) {
  const ContentHash hash =
      file.hash.kind() == ContentHash::Kind::none ? known_hash(folder, file.path.text()) : file.hash;
  if (hash.kind() == ContentHash::Kind::none) return true;
  const auto digest = digest_of_file(folder + "/" + file.path.text(), hash.kind(), stop);
  if (!digest && digest.error().kind == ErrorKind::cancelled) return tl::unexpected(digest.error());
  return digest && *digest == hash.hex();
}

Result<std::vector<std::string>> damaged_files(const CachedModel& model, std::stop_token stop,
                                               const std::function<void(uint64_t)>& progress) {
  const auto tell = [&](uint64_t done, uint64_t) {
    if (progress) progress(done);
  };
  TRY(VerifyReport report, verify(model, nullptr, tell, stop));
  return std::move(report.damaged);
}

}  // namespace flightdeck
