#include "core/hub/download_manager.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/paths.h"
#include "core/hub/library.h"

namespace flightdeck {
namespace {

constexpr size_t kMostJobs = 1000;

Json to_json(const JobSnapshot& job) {
  return {{"id", job.id},
          {"hub", name_of(job.spec.hub)},
          {"repo", job.spec.repo.text()},
          {"revision", job.spec.revision},
          {"include", job.spec.filter.include},
          {"exclude", job.spec.filter.exclude},
          {"local_dir", job.spec.local_dir},
          {"state", name_of(job.state)},
          {"message", job.message},
          {"folder", job.folder},
          {"total_bytes", job.total_bytes},
          {"done_bytes", job.done_bytes}};
}

std::vector<std::string> texts_of(const Json& object, const char* key) {
  std::vector<std::string> texts;
  if (object.contains(key) && object[key].is_array())
    for (const Json& text : object[key])
      if (text.is_string()) texts.push_back(text.get<std::string>());
  return texts;
}

Result<JobSnapshot> from_json(const Json& object) {
  const JsonReader reader(object, "a job of downloads.json");
  JobSnapshot job;
  TRY(const int64_t id, reader.integer("id", 1, INT64_MAX));
  TRY(const std::string hub, reader.text("hub"));
  TRY(const std::string repo, reader.text("repo"));
  TRY(job.spec.hub, parse_hub(hub));
  TRY(job.spec.repo, RepoId::parse(repo));
  TRY(job.spec.revision, reader.text("revision", std::string()));
  TRY(job.spec.local_dir, reader.text("local_dir", std::string()));
  TRY(job.message, reader.text("message", std::string()));
  TRY(job.folder, reader.text("folder", std::string()));
  TRY(const std::string state, reader.text("state"));
  TRY(const int64_t total, reader.integer("total_bytes", 0, INT64_MAX, 0));
  TRY(const int64_t done, reader.integer("done_bytes", 0, INT64_MAX, 0));
  job.id = static_cast<uint64_t>(id);
  job.total_bytes = static_cast<uint64_t>(total);
  job.done_bytes = static_cast<uint64_t>(done);
  job.spec.filter = {texts_of(object, "include"), texts_of(object, "exclude")};
  job.state = JobState::paused;  // nothing starts by itself when the program does
  for (const JobState last : {JobState::completed, JobState::failed, JobState::cancelled})
    if (state == name_of(last)) job.state = last;
  return job;
}

/// What time may mend is paused, the rest has failed.
JobState state_after(ErrorKind kind) {
  const bool passes = kind == ErrorKind::unreachable || kind == ErrorKind::rate_limited || kind == ErrorKind::no_space;
  return passes ? JobState::paused : JobState::failed;
}

}  // namespace

struct DownloadManager::Entry {
  JobSnapshot last;  // what is shown while nothing runs
  Wish wish = Wish::run;
  std::unique_ptr<DownloadJob> job;  // while it runs
  std::stop_source stop;
  bool is_verify = false;    // of a completed download
  bool is_finished = false;  // the thread is done and to be joined
  Result<void> result;
  std::jthread thread;
};

DownloadManager::DownloadManager(Options options)
    : options_([&] {
        if (options.list_file.empty()) options.list_file = data_dir() + "/downloads.json";
        return std::move(options);
      }()) {
  load();
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

DownloadManager::~DownloadManager() {
  thread_.request_stop();
  thread_.join();
}

uint64_t DownloadManager::add(const JobSpec& spec) {
  const std::lock_guard lock(mutex_);
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const auto& pair) {
    const JobSpec& other = pair.second->last.spec;
    return other.hub == spec.hub && other.repo == spec.repo && other.revision == spec.revision &&
           other.local_dir == spec.local_dir && other.filter.include == spec.filter.include &&
           other.filter.exclude == spec.filter.exclude;
  });
  const uint64_t id = same == entries_.end() ? next_id_++ : same->first;
  std::shared_ptr<Entry>& entry = entries_[id];
  if (!entry) entry = std::make_shared<Entry>();
  entry->wish = Wish::run;
  if (!entry->job) {
    if (entry->last.state == JobState::completed) entry->last.done_bytes = 0;  // asked for anew, wherever it went
    entry->last.id = id;
    entry->last.spec = spec;
    entry->last.state = JobState::queued;
    entry->last.message.clear();
  }
  is_dirty_ = is_unsaved_ = true;
  changed_.notify_all();
  return id;
}

void DownloadManager::wish(uint64_t id, Wish wish) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  const JobState state = entry.last.state;
  if (entry.wish == Wish::remove) return;
  if (wish == Wish::pause && !entry.job && state != JobState::queued) return;
  if (wish == Wish::cancel && !entry.job && (state == JobState::completed || state == JobState::cancelled)) return;
  if (wish == Wish::run && (state == JobState::completed || (entry.job && entry.wish == Wish::run))) return;
  entry.wish = wish;
  if (entry.job && wish != Wish::run) entry.stop.request_stop();
  if (!entry.job && wish == Wish::run) entry.last.state = JobState::queued;
  if (!entry.job && wish == Wish::run) entry.last.message.clear();
  is_dirty_ = is_unsaved_ = true;
  changed_.notify_all();
}

void DownloadManager::pause(uint64_t id) { wish(id, Wish::pause); }
void DownloadManager::resume(uint64_t id) { wish(id, Wish::run); }
void DownloadManager::cancel(uint64_t id) { wish(id, Wish::cancel); }
void DownloadManager::remove(uint64_t id) { wish(id, Wish::remove); }

void DownloadManager::verify(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  if (entry.job || entry.last.state != JobState::completed || entry.wish == Wish::remove) return;
  entry.is_verify = true;
  entry.wish = Wish::run;
  entry.last.state = JobState::queued;
  is_dirty_ = is_unsaved_ = true;
  changed_.notify_all();
}

JobSnapshot DownloadManager::snapshot_of(const Entry& entry) const {
  if (!entry.job) return entry.last;
  JobSnapshot snapshot = entry.job->snapshot();
  snapshot.id = entry.last.id;
  if (snapshot.files.empty()) {  // still listing: the numbers of the last time
    snapshot.total_bytes = entry.last.total_bytes;
    snapshot.done_bytes = entry.last.done_bytes;
  }
  return snapshot;
}

std::vector<JobSnapshot> DownloadManager::snapshots() const {
  const std::lock_guard lock(mutex_);
  std::vector<JobSnapshot> all;
  for (const auto& [id, entry] : entries_) all.push_back(snapshot_of(*entry));
  return all;
}

void DownloadManager::observe(Observer observer) {
  const std::lock_guard lock(observer_mutex_);
  observer_ = std::move(observer);
}

void DownloadManager::start_jobs() {
  int running = 0;
  for (const auto& [id, entry] : entries_) running += entry->job != nullptr;
  for (const auto& [id, entry] : entries_) {
    if (running >= options_.jobs_at_once) return;
    if (entry->job || entry->last.state != JobState::queued || entry->wish != Wish::run) continue;
    // What an unplugged disk holds is not begun again on the disk below it.
    const std::string root = store_root(entry->last.spec);
    if (entry->last.done_bytes > 0 && !is_store_there(root)) {
      settle(*entry, tl::unexpected(store_gone(root)));
      is_dirty_ = is_unsaved_ = true;
      continue;
    }
    ++running;
    entry->stop = std::stop_source();
    entry->is_finished = false;
    JobOptions options = options_.job;
    options.transfer.verify_present |= entry->is_verify;
    entry->job = std::make_unique<DownloadJob>(entry->last.spec, options);
    entry->thread = std::jthread([this, entry] {
      Result<void> result = entry->job->run(entry->stop.get_token());
      const std::lock_guard inner(mutex_);
      entry->result = std::move(result);
      entry->is_finished = true;
      changed_.notify_all();
    });
    is_dirty_ = true;
  }
}

void DownloadManager::settle(Entry& entry, const Result<void>& result) {
  entry.last = snapshot_of(entry);
  entry.last.bytes_per_second = 0;
  entry.last.eta_s = -1;
  entry.last.state = JobState::completed;
  entry.last.message.clear();
  if (result) entry.is_verify = false;
  if (result) return;
  const bool stopped = result.error().kind == ErrorKind::cancelled;
  entry.last.state = stopped ? JobState::paused : state_after(result.error().kind);
  entry.last.error = result.error().kind;
  if (!stopped) entry.last.message = result.error().message;
  if (stopped && entry.wish == Wish::run) entry.last.state = JobState::queued;  // resumed while it was stopping
  if (!stopped) entry.wish = Wish::pause;
}

void DownloadManager::collect_finished() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const std::shared_ptr<Entry> entry = it->second;
    if (entry->job && entry->is_finished) {
      entry->thread.join();
      settle(*entry, entry->result);
      entry->job.reset();
      is_dirty_ = is_unsaved_ = true;
    }
    const bool is_idle = !entry->job;
    const bool is_unfinished = entry->last.state != JobState::completed && entry->last.state != JobState::cancelled;
    if (is_idle && entry->wish == Wish::pause && entry->last.state == JobState::queued)
      entry->last.state = JobState::paused;
    if (is_idle && is_unfinished && (entry->wish == Wish::cancel || entry->wish == Wish::remove)) {
      entry->last.state = JobState::cancelled;
      entry->last.done_bytes = 0;
      if (!entry->last.folder.empty()) remove_partials(entry->last.folder);
    }
    it = is_idle && entry->wish == Wish::remove ? entries_.erase(it) : std::next(it);
  }
}

/// Calls the observer without the lock, so that it may call us.
void DownloadManager::report(Lock& lock) {
  is_dirty_ = false;
  std::vector<JobSnapshot> all;
  for (const auto& [id, entry] : entries_) all.push_back(snapshot_of(*entry));
  lock.unlock();
  {
    const std::lock_guard observing(observer_mutex_);
    if (observer_) observer_(all);
  }
  lock.lock();
}

void DownloadManager::work(std::stop_token stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    collect_finished();
    start_jobs();
    if (is_unsaved_) save(lock);
    const bool runs =
        std::any_of(entries_.begin(), entries_.end(), [](const auto& pair) { return pair.second->job != nullptr; });
    if (is_dirty_ || runs) report(lock);
    const auto news = [this] {
      return is_dirty_ || is_unsaved_ || std::any_of(entries_.begin(), entries_.end(), [](const auto& pair) {
               return pair.second->job && pair.second->is_finished;
             });
    };
    if (runs)
      changed_.wait_for(lock, stop, options_.tick, news);
    else
      changed_.wait(lock, stop, news);
  }
  for (const auto& [id, entry] : entries_) entry->stop.request_stop();
  changed_.wait(lock, [this] {
    return std::all_of(entries_.begin(), entries_.end(),
                       [](const auto& pair) { return !pair.second->job || pair.second->is_finished; });
  });
  collect_finished();
  save(lock);
}

void DownloadManager::load() {
  const auto json = read_json_file(options_.list_file);
  if (!json) {
    if (json.error().kind != ErrorKind::not_found) spdlog::warn("{}", json.error().message);
    return;
  }
  if (!json->is_object() || !json->contains("jobs") || !(*json)["jobs"].is_array()) return;
  for (const Json& object : (*json)["jobs"]) {
    auto job = object.is_object() ? from_json(object) : fail(ErrorKind::corrupt, "a job is not an object");
    if (!job) {
      spdlog::warn("{}", job.error().message);  // one bad entry does not hide the others
      continue;
    }
    if (entries_.size() >= kMostJobs) break;
    auto entry = std::make_shared<Entry>();
    entry->wish = Wish::pause;
    next_id_ = std::max(next_id_, job->id + 1);
    entry->last = std::move(*job);
    entries_[entry->last.id] = std::move(entry);
  }
}

void DownloadManager::save(Lock& lock) {
  is_unsaved_ = false;
  Json jobs = Json::array();
  for (const auto& [id, entry] : entries_) jobs.push_back(to_json(snapshot_of(*entry)));
  lock.unlock();  // a slow disk must not hold up who asks for snapshots
  const std::string text = Json{{"version", 1}, {"jobs", jobs}}.dump(2, ' ', false, Json::error_handler_t::replace);
  auto saved = make_directories(options_.list_file.substr(0, options_.list_file.rfind('/')));
  if (saved) saved = write_file_atomically(options_.list_file, text);
  if (!saved) spdlog::warn("{}", saved.error().message);
  lock.lock();
}

}  // namespace flightdeck
