#include "core/hub/model_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/file.h"
#include "core/hub/hf_store.h"
#include "core/hub/plain_store.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

std::string expanded(std::string path) { return path.starts_with("~/") ? user_home() + path.substr(1) : path; }

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// Where older versions of ModelScope's tools put a model.
std::vector<std::string> older_folders(const RepoId& repo) {
  const std::string cache = model_scope_cache();
  std::vector<std::string> folders;
  for (const std::string& name : {repo.name(), replaced(repo.name(), ".", "___")})
    for (const char* middle : {"/models/", "/hub/models/", "/hub/"})
      folders.push_back(cache + middle + repo.owner() + "/" + name);
  return folders;
}

/// "models--owner--name" of both caches.
std::optional<RepoId> repo_of(const std::string& folder_name) {
  if (!folder_name.starts_with("models--")) return {};
  const std::string rest = folder_name.substr(8);
  const size_t middle = rest.find("--");
  if (middle == rest.npos) return {};
  const auto repo = RepoId::parse(rest.substr(0, middle) + "/" + rest.substr(middle + 2));
  return repo ? std::optional(*repo) : std::nullopt;
}

/// ModelScope leaves "models--" out: owner--name.
std::string scope_folder(const RepoId& repo) { return repo.owner() + "--" + repo.name(); }

uint64_t bytes_in(const fs::path& folder) {
  std::error_code code;
  uint64_t bytes = 0;
  for (auto it = fs::recursive_directory_iterator(folder, code); !code && it != fs::recursive_directory_iterator();
       it.increment(code)) {
    struct stat info {};
    if (it->path().filename() == ".cache")
      it.disable_recursion_pending();
    else if (stat(it->path().c_str(), &info) == 0 && S_ISREG(info.st_mode))
      bytes += static_cast<uint64_t>(info.st_size);
  }
  return bytes;
}

/// Each snapshots/<revision> below `models`, newest first.
void add_snapshots(std::vector<CachedModel>& found, HubKind hub, const RepoId& repo, const fs::path& models) {
  std::error_code code;
  std::vector<std::pair<fs::file_time_type, CachedModel>> own;
  for (const auto& entry : fs::directory_iterator(models / "snapshots", code)) {
    if (!entry.is_directory(code)) continue;
    const uint64_t bytes = bytes_in(entry.path());
    if (bytes > 0)
      own.push_back(
          {entry.last_write_time(code), {hub, repo, entry.path().filename().string(), entry.path().string(), bytes}});
  }
  std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [time, model] : own) found.push_back(std::move(model));
}

/// The names in blobs/ that some snapshot of the repository points to.
std::set<std::string> blobs_in_use(const fs::path& snapshots, std::error_code& code) {
  std::set<std::string> used;
  for (auto it = fs::recursive_directory_iterator(snapshots, code); !code && it != fs::recursive_directory_iterator();
       it.increment(code))
    if (it->is_symlink(code)) used.insert(fs::read_symlink(it->path(), code).filename().string());
  return used;
}

}  // namespace

std::string hugging_face_cache() {
  for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (std::string named = environment(variable); !named.empty()) return expanded(named);
  return hugging_face_home() + "/hub";
}

std::string model_scope_cache() {
  const std::string named = environment("MODELSCOPE_CACHE");
  return named.empty() ? user_home() + "/.cache/modelscope" : expanded(named);
}

Result<std::unique_ptr<ModelStore>> open_store(HubKind hub, const RepoListing& listing, const std::string& local_dir) {
  if (!local_dir.empty()) return PlainStore::open(local_dir, listing, {}, hub, hub == HubKind::hugging_face);
  if (hub == HubKind::hugging_face) return HfStore::open(hugging_face_cache(), listing);
  const std::string folder = model_scope_cache() + "/models/" + scope_folder(listing.repo) + "/snapshots/" +
                             replaced(listing.commit.text(), "/", "--");
  return PlainStore::open(folder, listing, older_folders(listing.repo), hub, false);
}

std::vector<CachedModel> cached_models() {
  std::vector<CachedModel> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(hugging_face_cache(), code))
    if (const auto repo = repo_of(entry.path().filename().string()))
      add_snapshots(found, HubKind::hugging_face, *repo, entry.path());
  for (const auto& entry : fs::directory_iterator(model_scope_cache() + "/models", code))
    if (const auto repo = repo_of("models--" + entry.path().filename().string()))
      add_snapshots(found, HubKind::model_scope, *repo, entry.path());
  return found;
}

std::optional<std::string> find_cached(const RepoId& repo) {
  const fs::path ours = fs::path(hugging_face_cache()) / ("models--" + repo.owner() + "--" + repo.name());
  if (const auto commit = read_file((ours / "refs/main").string(), 64)) {
    std::error_code code;
    const auto revision = Revision::parse(*commit);
    if (revision && revision->is_commit() && fs::is_directory(ours / "snapshots" / *commit, code))
      return (ours / "snapshots" / *commit).string();
  }
  std::vector<CachedModel> found;
  add_snapshots(found, HubKind::hugging_face, repo, ours);
  add_snapshots(found, HubKind::model_scope, repo, model_scope_cache() + "/models/" + scope_folder(repo));
  if (!found.empty()) return found.front().folder;
  std::error_code code;
  for (const std::string& folder : older_folders(repo))
    if (fs::is_regular_file(folder + "/config.json", code)) return folder;
  return {};
}

Result<uint64_t> remove_cached(const CachedModel& model) {
  std::error_code code;
  const fs::path snapshot = model.folder, snapshots = snapshot.parent_path(), repo = snapshots.parent_path();
  if (snapshots.filename() != "snapshots" || !fs::is_directory(snapshot, code) || fs::is_symlink(snapshot, code))
    return fail(ErrorKind::not_found, "{}: is not a model of a cache", model.folder);
  uint64_t freed = model.hub == HubKind::model_scope ? bytes_in(snapshot) : 0;
  const std::set<std::string> before = blobs_in_use(snapshot, code);
  fs::remove_all(snapshot, code);
  if (code) return file_error(model.folder, "remove", code.value());
  // The revisions that named it; another program may use the others.
  for (auto it = fs::recursive_directory_iterator(repo / "refs", code);
       !code && it != fs::recursive_directory_iterator(); it.increment(code))
    if (const auto commit = read_file(it->path().string(), 64); commit && *commit == model.revision)
      fs::remove(it->path(), code);
  code.clear();
  const std::set<std::string> used = blobs_in_use(snapshots, code);
  if (code) return file_error(snapshots.string(), "read", code.value());  // unsure what others need: keep all
  for (const std::string& blob : before) {
    struct stat info {};
    if (used.contains(blob) || lstat((repo / "blobs" / blob).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (fs::remove(repo / "blobs" / blob, code)) freed += static_cast<uint64_t>(info.st_size);
  }
  if (fs::is_empty(snapshots, code)) fs::remove_all(repo, code);
  return freed;
}

void remove_partials(const std::string& folder) {
  const fs::path snapshot = folder;
  const fs::path repo = snapshot.parent_path().parent_path();
  const bool is_plain = !repo.filename().string().starts_with("models--");
  const fs::path place = is_plain ? snapshot / ".cache/flightdeck" : repo / "blobs";
  const fs::path locks = repo.parent_path() / ".locks" / repo.filename();
  const std::string ending = is_plain ? ".incomplete" : ".flightdeck.incomplete";
  std::stop_source at_once;
  at_once.request_stop();
  std::error_code code;
  for (auto it = fs::recursive_directory_iterator(place, code); !code && it != fs::recursive_directory_iterator();
       it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (!name.ends_with(ending)) continue;
    const auto lock_folder = Folder::open(is_plain ? it->path().parent_path().string() : locks.string());
    const std::string lock_name = name.substr(0, name.size() - ending.size()) + ".lock";
    if (!lock_folder || !FileLock::take(*lock_folder, lock_name, at_once.get_token())) continue;
    std::error_code ignored;
    fs::remove(it->path(), ignored);
    fs::remove(it->path().string() + ".journal", ignored);
  }
}

}  // namespace flightdeck
