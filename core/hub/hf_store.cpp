#include "core/hub/hf_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/sha256.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

/// A name for the partial of a file that the hub gives no hash for: there its path at this commit says what it is.
std::string name_without_hash(const RepoListing& listing, const RemoteFile& file) {
  Sha256 hash;
  const std::string text = listing.commit.text() + "\n" + file.path.text();
  hash.update(std::as_bytes(std::span(text.data(), text.size())));
  return "unverified-" + hash.finish();
}

}  // namespace

Result<std::unique_ptr<ModelStore>> HfStore::open(const std::string& cache, const RepoListing& listing) {
  const std::string name = "models--" + listing.repo.owner() + "--" + listing.repo.name();
  auto store = std::make_unique<HfStore>();
  store->listing_ = listing;
  TRY(const Folder root, Folder::open(cache));
  if (!root.size_of("CACHEDIR.TAG"))  // backup programs leave a folder with this file out
    (void)write_file_atomically(root.path_of("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n");
  TRY(store->repo_, root.sub(name));
  TRY(store->blobs_, store->repo_.sub("blobs"));
  TRY(store->snapshot_, store->repo_.sub("snapshots/" + listing.commit.text()));
  TRY(store->locks_, root.sub(".locks/" + name));
  return store;
}

Result<ModelStore::Place> HfStore::place(const RemoteFile& file) {
  const std::string name =
      file.hash.kind() == ContentHash::Kind::none ? name_without_hash(listing_, file) : file.hash.hex();
  return Place{blobs_, name + ".flightdeck.incomplete", locks_, name + ".lock"};
}

Result<bool> HfStore::has(const RemoteFile& file, std::stop_token) {
  // A blob's name is its hash: whoever put it there has checked it, or it would not have this name.
  if (file.hash.kind() != ContentHash::Kind::none) {
    if (blobs_.size_of(file.hash.hex()) != file.size) return false;
    TRY_VOID(link(file, file.hash.hex()));
    return true;
  }
  TRY(const Folder parent, snapshot_.sub(file.path.folder()));
  return parent.size_of(file.path.file_name(), true) == file.size;
}

Result<void> HfStore::link(const RemoteFile& file, const std::string& blob) {
  TRY(const Folder parent, snapshot_.sub(file.path.folder()));
  const std::string name = file.path.file_name();
  const auto depth = std::count(file.path.text().begin(), file.path.text().end(), '/');
  std::string target = "../../blobs/" + blob;
  for (int64_t i = 0; i < depth; ++i) target = "../" + target;
  std::error_code code;
  if (fs::read_symlink(parent.path_of(name), code) == target) return {};
  if (parent.make_link(target, name)) return {};
  // A file system without symbolic links: a second name, or as a last resort a second copy.
  parent.remove(name);
  if (parent.hard_link(blobs_.path_of(blob), name)) return {};
  fs::copy_file(blobs_.path_of(blob), parent.path_of(name), code);
  if (code) return file_error(parent.path_of(name), "write", code.value());
  return {};
}

Result<void> HfStore::install(const RemoteFile& file, const Place& place, const std::string& digest) {
  const auto renamed = place.partial_folder.rename(place.partial_name, blobs_, digest);
  // Where locks do not work another program may have been faster with the same bytes.
  if (!renamed && blobs_.size_of(digest) != file.size) return renamed;
  TRY_VOID(blobs_.sync());
  return link(file, digest);
}

void HfStore::discard(const RemoteFile& file) {
  const auto parent = snapshot_.sub(file.path.folder());
  if (!parent) return;
  std::error_code code;
  const std::string name = file.path.file_name();
  const std::string blob = fs::read_symlink(parent->path_of(name), code).filename().string();
  if (!code && !blob.empty()) blobs_.remove(blob);
  if (file.hash.kind() != ContentHash::Kind::none) blobs_.remove(file.hash.hex());
  parent->remove(name);
}

Result<void> HfStore::finish() {
  TRY_VOID(snapshot_.sync());
  if (listing_.revision.is_commit()) return {};
  const std::string& revision = listing_.revision.text();
  const size_t slash = revision.rfind('/');
  TRY(const Folder refs, repo_.sub(slash == revision.npos ? "refs" : "refs/" + revision.substr(0, slash)));
  return write_file_atomically(refs.path_of(revision.substr(slash + 1)), listing_.commit.text());
}

}  // namespace flightdeck
