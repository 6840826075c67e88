#include "core/hub/job.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/base/file.h"
#include "core/hub/library.h"

namespace flightdeck {

std::string_view name_of(JobState state) {
  constexpr std::string_view kNames[] = {"queued", "listing",   "downloading", "verifying",
                                         "paused", "completed", "failed",      "cancelled"};
  return kNames[static_cast<size_t>(state)];
}

void DownloadJob::set_state(JobState state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}

/// Lists and chooses. A later run asks again: what was pushed meanwhile is a new commit, and equal hashes are kept.
Result<void> DownloadJob::prepare(std::stop_token stop) {
  set_state(JobState::listing);
  TRY(hub_, make_hub_client(spec_.hub, options_.hub));
  Revision revision = hub_->default_revision();
  if (!spec_.revision.empty()) {
    TRY(revision, Revision::parse(spec_.revision));
  }
  TRY(RepoListing listing, hub_->list(spec_.repo, revision, stop));
  TRY(std::vector<RemoteFile> files, select_files(listing, spec_.filter));
  TRY(store_, open_store(spec_.hub, listing, spec_.local_dir));
  const std::lock_guard lock(mutex_);
  listing_ = std::move(listing);
  files_ = std::move(files);
  folder_ = store_->folder();
  progress_.clear();
  for (size_t i = 0; i < files_.size(); ++i) progress_.push_back(std::make_unique<FileProgress>());
  speed_ = SpeedMeter();
  return {};
}

/// Needs of what is not there yet, with a reserve; partial files count as there.
Result<void> DownloadJob::check_disk() const {
  uint64_t needed = 0;
  for (const RemoteFile& file : files_) {
    TRY(const auto place, store_->place(file));
    const bool there = spec_.local_dir.empty() && spec_.hub == HubKind::hugging_face &&
                       place.partial_folder.size_of(file.hash.hex()) == file.size;
    const bool plain = Folder::open(store_->folder())->size_of(file.path.text()) == file.size;
    const uint64_t partial = place.partial_folder.allocated_bytes(place.partial_name);
    if (!there && !plain) needed += file.size - std::min(file.size, partial);
  }
  const uint64_t wanted = needed + static_cast<uint64_t>(static_cast<double>(needed) * options_.disk_reserve);
  TRY(const uint64_t free, free_disk_bytes(store_->folder()));
  if (wanted <= free) return {};
  return fail(
      ErrorKind::no_space,
      "{} needs {:.2f} GB more, {:.2f} GB with a reserve of {:.0f} %, and {} has {:.2f} GB free: free some space, "
      "or choose another place with --local_dir or HF_HOME",
      spec_.repo.text(), static_cast<double>(needed) / 1e9, static_cast<double>(wanted) / 1e9,
      options_.disk_reserve * 100, store_->folder(), static_cast<double>(free) / 1e9);
}

Result<void> DownloadJob::fetch_all(std::stop_token stop) {
  set_state(JobState::downloading);
  std::stop_source failed;  // the first error ends the others
  const std::stop_callback forward(stop, [&failed] { failed.request_stop(); });
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::optional<Error> first;
  TransferOptions transfer = options_.transfer;
  if (files_.size() == 1) transfer.connections *= 2;  // nobody else uses them
  const auto work = [&] {
    for (size_t i = next++; i < files_.size() && !failed.stop_requested(); i = next++) {
      FileTransfer one(*hub_, listing_, files_[i], *store_, transfer, *progress_[i]);
      const auto result = one.run(failed.get_token());
      if (result) continue;
      const std::lock_guard lock(mutex);
      if (!first) first = result.error();
      failed.request_stop();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const size_t count = std::min<size_t>(files_.size(), static_cast<size_t>(std::max(options_.files_at_once, 1)));
    for (size_t i = 1; i < count; ++i) helpers.emplace_back(work);
    work();
  }
  if (first) return tl::unexpected(std::move(*first));
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "{}: the download was stopped", spec_.repo.text());
  return {};
}

std::string store_root(const JobSpec& spec) {
  if (!spec.local_dir.empty()) return spec.local_dir;
  return spec.hub == HubKind::hugging_face ? hugging_face_cache() : model_scope_cache();
}

Error store_gone(const std::string& root) {
  return {ErrorKind::unreachable,
          fmt::format("{} is not there any more: if it is on a disk that was unplugged, plug it in and resume; if it "
                      "was removed, remove this download from the list and start it again",
                      root)};
}

/// Errors of a store that went away are one: the disk did.
Result<void> DownloadJob::told_apart(Result<void> result) const {
  const bool by_disk = !result && (result.error().kind == ErrorKind::io || result.error().kind == ErrorKind::not_found);
  if (!by_disk || folder_.empty() || is_store_there(store_root(spec_))) return result;
  return tl::unexpected(store_gone(store_root(spec_)));
}

Result<void> DownloadJob::run(std::stop_token stop) {
  const auto all = [&]() -> Result<void> {
    TRY_VOID(prepare(stop));
    TRY_VOID(check_disk());
    TRY_VOID(fetch_all(stop));
    return store_->finish();
  };
  auto result = told_apart(all());
  set_state(result ? JobState::completed : JobState::paused);
  return result;
}

JobSnapshot DownloadJob::snapshot() {
  const std::lock_guard lock(mutex_);
  JobSnapshot snapshot;
  snapshot.spec = spec_;
  snapshot.state = state_;
  snapshot.commit = listing_.commit.text();
  snapshot.folder = folder_;
  bool all_hashing = !files_.empty();
  for (size_t i = 0; i < files_.size(); ++i) {
    const FileState state = progress_[i]->state;
    const uint64_t done = std::min<uint64_t>(progress_[i]->done, files_[i].size);
    snapshot.files.push_back(
        {files_[i].path.text(), files_[i].size, done, state, files_[i].hash.kind() != ContentHash::Kind::none});
    snapshot.total_bytes += files_[i].size;
    snapshot.done_bytes += done;
    snapshot.fetched_bytes += progress_[i]->fetched;
    all_hashing = all_hashing && (state == FileState::present || state == FileState::verifying);
  }
  if (state_ == JobState::downloading && all_hashing) snapshot.state = JobState::verifying;
  speed_.add(std::chrono::steady_clock::now(), snapshot.fetched_bytes);
  snapshot.bytes_per_second = speed_.bytes_per_second();
  snapshot.eta_s = speed_.seconds_for(snapshot.total_bytes - snapshot.done_bytes);
  return snapshot;
}

}  // namespace flightdeck
