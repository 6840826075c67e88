#include "core/hub/plain_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/hub/content_hash.h"
#include "core/hub/origin.h"

namespace flightdeck {
namespace {

constexpr size_t kPieceBytes = 1u << 20;

/// What identifies a file that was checked once: size and time of the last change.
std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  return fmt::format("{} {}.{:09}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace

Result<std::string> digest_of_file(const std::string& path, ContentHash::Kind kind, std::stop_token stop,
                                   const std::function<void(uint64_t)>& progress) {
  TRY(const MappedFile file, MappedFile::open(path));
  ContentHasher hasher(kind, file.bytes().size());
  for (auto rest = file.bytes(); !rest.empty();) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "{}: checking was cancelled", path);
    const auto piece = rest.first(std::min(rest.size(), kPieceBytes));
    hasher.update(piece);
    file.drop(piece);
    rest = rest.subspan(piece.size());
    if (progress) progress(file.bytes().size() - rest.size());
  }
  TRY_VOID(file.unchanged());
  return hasher.finish();
}

Result<std::unique_ptr<ModelStore>> PlainStore::open(const std::string& folder, const RepoListing& listing,
                                                     std::vector<std::string> elsewhere, HubKind hub,
                                                     bool with_metadata) {
  auto store = std::make_unique<PlainStore>();
  store->listing_ = listing;
  store->elsewhere_ = std::move(elsewhere);
  store->hub_ = hub;
  store->with_metadata_ = with_metadata;
  TRY(store->root_, Folder::open(folder));
  TRY(store->own_, store->root_.sub(".cache/flightdeck"));
  return store;
}

Result<ModelStore::Place> PlainStore::place(const RemoteFile& file) {
  TRY(const Folder own, own_.sub(file.path.folder()));
  const std::string name = file.path.file_name();
  return Place{own, name + ".incomplete", own, name + ".lock"};
}

/// A remembered check counts while size and time of the file are the same; else it is hashed.
Result<bool> PlainStore::is_file_good(const std::string& path, const RemoteFile& file, std::stop_token stop) const {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || static_cast<uint64_t>(info.st_size) != file.size)
    return false;
  if (file.hash.kind() == ContentHash::Kind::none) return true;
  const auto noted = read_file(own_.path() + "/" + file.path.text() + ".checked", 4096);
  if (noted && *noted == stamp_of(path) + " " + file.hash.hex()) return true;
  const auto digest = digest_of_file(path, file.hash.kind(), stop);
  if (!digest && digest.error().kind == ErrorKind::cancelled) return tl::unexpected(digest.error());
  return digest && *digest == file.hash.hex();
}

Result<bool> PlainStore::has(const RemoteFile& file, std::stop_token stop) {
  TRY(const Folder parent, root_.sub(file.path.folder()));
  const std::string name = file.path.file_name();
  TRY(bool good, is_file_good(parent.path_of(name), file, stop));
  for (const std::string& other : elsewhere_) {
    if (good) break;
    TRY(const bool there, is_file_good(other + "/" + file.path.text(), file, stop));
    if (!there) continue;
    parent.remove(name);
    good = parent.hard_link(other + "/" + file.path.text(), name);
  }
  // Without a listed hash, what was computed when it came stays the one that counts.
  if (good && file.hash.kind() != ContentHash::Kind::none) TRY_VOID(note(file, file.hash.hex()));
  return good;
}

Result<void> PlainStore::note(const RemoteFile& file, const std::string& digest) const {
  TRY(const Folder own, own_.sub(file.path.folder()));
  const std::string stamp = stamp_of(root_.path() + "/" + file.path.text());
  TRY_VOID(write_file_atomically(own.path_of(file.path.file_name() + ".checked"), stamp + " " + digest));
  if (!with_metadata_ || !listing_.commit.is_commit()) return {};
  TRY(const Folder theirs, root_.sub(".cache/huggingface/download"));
  TRY(const Folder parent, theirs.sub(file.path.folder()));
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return write_file_atomically(parent.path_of(file.path.file_name() + ".metadata"),
                               fmt::format("{}\n{}\n{:.6f}\n", listing_.commit.text(), digest, now));
}

Result<void> PlainStore::install(const RemoteFile& file, const Place& place, const std::string& digest) {
  TRY(const Folder parent, root_.sub(file.path.folder()));
  const std::string name = file.path.file_name();
  const auto renamed = place.partial_folder.rename(place.partial_name, parent, name);
  if (!renamed && parent.size_of(name) != file.size) return renamed;
  TRY_VOID(parent.sync());
  return note(file, digest);
}

void PlainStore::discard(const RemoteFile& file) {
  const auto parent = root_.sub(file.path.folder()), own = own_.sub(file.path.folder());
  if (parent) parent->remove(file.path.file_name());
  if (own) own->remove(file.path.file_name() + ".checked");
}

Result<void> PlainStore::finish() {
  TRY_VOID(note_origin(root_.path(), {hub_, listing_.repo, listing_.commit.text()}));
  return root_.sync();
}

}  // namespace flightdeck
