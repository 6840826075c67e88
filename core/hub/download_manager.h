// The queue of downloads behind the window: what waits, runs, is paused or done, kept over restarts.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/hub/job.h"

namespace flightdeck {

/// Thread-safe; nothing here waits for the network. Destroying it pauses what runs; the next one offers it again.
class DownloadManager {
 public:
  struct Options {
    JobOptions job;
    int jobs_at_once = 1;                 // each fetches several files side by side
    std::string list_file;                // empty: data_dir()/downloads.json
    std::chrono::milliseconds tick{200};  // of progress reports while something runs
  };
  /// Jobs of the last run come back as they were; what was running is paused.
  explicit DownloadManager(Options options);
  ~DownloadManager();
  DownloadManager(const DownloadManager&) = delete;
  DownloadManager& operator=(const DownloadManager&) = delete;

  /// A job's id. The same repository into the same place is the same job, which then goes on.
  uint64_t add(const JobSpec& spec);
  /// Each is without effect where it makes no sense: pausing a finished job, resuming a running one.
  void pause(uint64_t id);
  void resume(uint64_t id);  // also after a failure
  void cancel(uint64_t id);  // and removes what an unfinished download left
  void verify(uint64_t id);  // a completed one: hash every file again, and fetch what is damaged
  void remove(uint64_t id);  // from the list; a running one is cancelled first

  std::vector<JobSnapshot> snapshots() const;

  /// Called on the manager's own thread with all jobs, at every change and each tick while something runs. When this
  /// returns, the observer before is not called any more; not to be called from within an observer.
  using Observer = std::function<void(const std::vector<JobSnapshot>&)>;
  void observe(Observer observer);

 private:
  enum class Wish { run, pause, cancel, remove };
  struct Entry;
  using Lock = std::unique_lock<std::mutex>;

  void work(std::stop_token stop);
  void start_jobs();
  void collect_finished();
  void settle(Entry& entry, const Result<void>& result);
  JobSnapshot snapshot_of(const Entry& entry) const;
  void report(Lock& lock);
  void wish(uint64_t id, Wish wish);
  void load();
  void save(Lock& lock);

  const Options options_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::map<uint64_t, std::shared_ptr<Entry>> entries_;
  uint64_t next_id_ = 1;
  bool is_dirty_ = false;  // something to report
  bool is_unsaved_ = false;
  std::mutex observer_mutex_;
  Observer observer_;  // guarded by observer_mutex_
  std::jthread thread_;
};

}  // namespace flightdeck
