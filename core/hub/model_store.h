// Where downloaded files live. Hugging Face models: huggingface_hub's cache, so that other tools find ours and we
// theirs.
//   models--<owner>--<name>/blobs/<hash>                 the bytes
//                          /snapshots/<commit>/<path>    relative link into blobs/
//                          /refs/<revision>              the commit, written last
//   .locks/models--<owner>--<name>/<hash>.lock
// ModelScope models and --local_dir: plain files; what is ours lies in <folder>/.cache/flightdeck/.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/hub/file_lock.h"
#include "core/hub/folder.h"
#include "core/hub/hub_client.h"

namespace flightdeck {

class ModelStore {
 public:
  virtual ~ModelStore() = default;
  /// What --model_dir takes once everything is there.
  virtual std::string folder() const = 0;

  struct Place {
    Folder partial_folder;
    std::string partial_name;
    Folder lock_folder;
    std::string lock_name;
  };
  virtual Result<Place> place(const RemoteFile& file) = 0;
  /// Whether the file is there, downloaded by anyone; may hash it. Gives it its name in this revision.
  virtual Result<bool> has(const RemoteFile& file, std::stop_token stop) = 0;
  /// Gives a verified partial file its name; `digest` is what was computed over it.
  virtual Result<void> install(const RemoteFile& file, const Place& place, const std::string& digest) = 0;
  /// Takes away a file that has() found and that is damaged, so that it is fetched again.
  virtual void discard(const RemoteFile&) {}
  /// After the last file.
  virtual Result<void> finish() = 0;
};

/// The Hugging Face cache for models of Hugging Face; ModelScope's for its own; `local_dir` when it is not empty.
Result<std::unique_ptr<ModelStore>> open_store(HubKind hub, const RepoListing& listing, const std::string& local_dir);

/// HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, …
std::string hugging_face_cache();
/// $MODELSCOPE_CACHE, else ~/.cache/modelscope.
std::string model_scope_cache();

/// A model of the caches on this machine, complete or not; the newest revision first where several are there.
struct CachedModel {
  HubKind hub = HubKind::hugging_face;
  RepoId repo;
  std::string revision;  // commit, or ModelScope's revision
  std::string folder;
  uint64_t bytes = 0;  // of the files it names
};
std::vector<CachedModel> cached_models();
/// The folder of a repository that is in a cache, at its default revision if it has one, else the newest.
std::optional<std::string> find_cached(const RepoId& repo);
/// Removes one revision and the blobs that no other revision needs; the number of bytes freed.
Result<uint64_t> remove_cached(const CachedModel& model);

/// Hashes every file again. The names of those that are not what they were when they were downloaded; `progress` gets
/// the bytes read so far.
Result<std::vector<std::string>> damaged_files(const CachedModel& model, std::stop_token stop,
                                               const std::function<void(uint64_t)>& progress = {});
/// Removes what unfinished downloads left for the model whose folder() this is; what another program is at stays.
void remove_partials(const std::string& folder);

}  // namespace flightdeck
