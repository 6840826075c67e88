// One repository on its way: listed at one commit, chosen, checked against the disk, fetched, installed.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/hub/file_selection.h"
#include "core/hub/speed.h"
#include "core/hub/transfer.h"

namespace flightdeck {

struct JobSpec {
  HubKind hub = HubKind::hugging_face;
  RepoId repo;
  std::string revision;  // empty: the hub's default
  FileFilter filter;
  std::string local_dir;  // empty: the cache
};

enum class JobState { queued, listing, downloading, verifying, paused, completed, failed, cancelled };
std::string_view name_of(JobState state);

struct FileSnapshot {
  std::string path;
  uint64_t size = 0;
  uint64_t done = 0;
  FileState state = FileState::waiting;
  bool is_verifiable = true;  // false: the hub lists no hash
};

/// A job as it is now, for lists and bars.
struct JobSnapshot {
  uint64_t id = 0;
  JobSpec spec;
  JobState state = JobState::queued;
  std::string commit;
  std::string folder;   // for --model_dir; known once the listing is there
  std::string message;  // why it is paused or failed
  ErrorKind error = ErrorKind::io;
  uint64_t total_bytes = 0;
  uint64_t done_bytes = 0;
  uint64_t fetched_bytes = 0;  // over the network, by this run
  double bytes_per_second = 0;
  double eta_s = -1;
  std::vector<FileSnapshot> files;
};

struct JobOptions {
  HubOptions hub;
  TransferOptions transfer;
  int files_at_once = 4;
  double disk_reserve = 0.05;  // of what is still to come, left free beside it
};

/// The folder whose loss means that the disk went away, and the error that says so.
std::string store_root(const JobSpec& spec);
Error store_gone(const std::string& root);

class DownloadJob {
 public:
  DownloadJob(JobSpec spec, JobOptions options) : spec_(std::move(spec)), options_(std::move(options)) {}

  /// Blocks until all files are there or something stops it; may be called again to resume. One thread at a time.
  Result<void> run(std::stop_token stop);
  /// Any thread, while it runs. Without an id.
  JobSnapshot snapshot();

 private:
  Result<void> prepare(std::stop_token stop);
  Result<void> check_disk() const;
  Result<void> fetch_all(std::stop_token stop);
  Result<void> told_apart(Result<void> result) const;
  void set_state(JobState state);

  const JobSpec spec_;
  const JobOptions options_;
  std::unique_ptr<HubClient> hub_;
  std::unique_ptr<ModelStore> store_;
  mutable std::mutex mutex_;  // guards what snapshot() reads
  JobState state_ = JobState::queued;
  RepoListing listing_;
  std::vector<RemoteFile> files_;
  std::vector<std::unique_ptr<FileProgress>> progress_;
  std::string folder_;
  SpeedMeter speed_;
};

}  // namespace flightdeck
