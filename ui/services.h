// Everything the window asks of core, as functions: app/ fills in the real ones, tests their own. All of them may block
// and are called on background threads only; they must be callable from several threads at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/chats/chat_store.h"
#include "core/engine/builder.h"
#include "core/hub/job.h"
#include "core/hub/model_store.h"
#include "core/runtime/engine.h"

namespace flightdeck {

/// A device an engine can run on, as the Build and Settings pages show it.
struct DeviceFacts {
  std::string id;    // "cpu", "cuda:0"
  std::string name;  // "AMD EPYC, 2 threads, AVX-512 VNNI"
  uint64_t total_bytes = 0;
  uint64_t free_bytes = 0;
  double read_bandwidth = 0;  // bytes a second, 0: unknown
  std::string problem = {};   // why no engine can run on it; empty: it is fine
};

/// A checkpoint folder of the library.
struct CheckpointListing {
  std::string path;
  std::string name;
  ModelConfig config;
  uint64_t bytes = 0;
  std::string error;                  // not empty: cannot be used, and why
  bool is_missing = false;            // the folder itself is gone: an unplugged disk, a deleted folder
  std::optional<CachedModel> cached;  // found in a hub's cache, not imported
};

/// A repository of a hub: what a download would fetch, and what engines of it would need.
struct RepoOffer {
  std::string page;  // its address for a browser
  std::vector<RemoteFile> files;
  uint64_t bytes = 0;
  std::vector<Preflight> fits;  // full precision, INT8, INT4; empty where config.json is not to be had
  std::string problem;          // why no engine can be built from it; empty: nothing is known against it
  std::string closed;           // gated: what has to be done first; empty: everybody may download it
};

/// The queue of downloads, made when it is first asked for (core/hub/download_manager.h). Nothing here waits for the
/// network.
struct DownloadQueue {
  std::function<uint64_t(const JobSpec&)> add;
  std::function<void(uint64_t id)> pause, resume, cancel, remove;
  std::function<std::vector<JobSnapshot>()> snapshots;
  std::function<void(std::function<void(const std::vector<JobSnapshot>&)> observer)> observe;
};

struct Services {
  using Stop = std::stop_token;
  std::function<Result<std::unique_ptr<ChatStore>>(std::string* warning)> open_chats;
  std::function<Result<std::unique_ptr<Inference>>(const std::string& engine_dir, const EngineOptions&,
                                                   const std::function<void(const LoadProgress&)>&, Stop)>
      load_engine;
  std::function<Result<EngineManifest>(const BuildOptions&, const std::function<void(const BuildProgress&)>&, Stop)>
      build_engine;
  std::function<Result<Preflight>(const BuildOptions&, const TargetDevice&)> preflight;
  std::function<std::vector<EngineListing>(const std::string& folder)> list_engines;
  std::function<CheckpointListing(const std::string& folder)> describe_checkpoint;
  std::function<std::vector<DeviceFacts>()> devices;
  /// Conversation → prompt ids of at most max_tokens; `dropped`: messages that no longer fit.
  std::function<Result<std::vector<int32_t>>(const Inference&, const std::vector<ChatMessage>&, int max_tokens,
                                             int* dropped)>
      encode_chat;
  std::function<Result<void>(const Settings&)> save_settings;

  std::function<Result<SearchPage>(HubKind, const SearchQuery&, Stop)> search_hub;
  /// Lists the repository and reads its config.json; `device`: what the engines would run on.
  std::function<Result<RepoOffer>(HubKind, const RepoId&, const TargetDevice&, Stop)> examine_repo;
  DownloadQueue downloads;
  std::function<std::vector<CachedModel>()> cached_models;
  std::function<Result<uint64_t>(const CachedModel&)> remove_cached;
  /// Hashes every file again; names those that changed. `progress` gets the bytes read so far.
  std::function<Result<std::vector<std::string>>(const CachedModel&, Stop, const std::function<void(uint64_t)>&)>
      damaged_files;

  std::string engines_folder;  // where new engines go
  std::string starter_model;   // folder of the starter checkpoint, empty when it is not installed
};

}  // namespace flightdeck
