#include "ui/downloads.h"

#include <QThread>
#include <algorithm>
#include <mutex>

namespace flightdeck {

/// The newest list, and at most one wake-up on its way. Outlives the receiver as long as somebody may still call.
struct Downloads::Mailbox {
  std::mutex mutex;  // guards what follows
  Downloads* receiver = nullptr;
  std::vector<JobSnapshot> jobs;
  bool is_told = false, is_waking = false;

  /// Any thread. The list that was asked for at the start is older than any that was told.
  void put(const std::vector<JobSnapshot>& news, bool is_first) {
    const std::lock_guard lock(mutex);
    if (!receiver || (is_first && is_told)) return;
    is_told = true;
    jobs = news;
    if (is_waking) return;
    is_waking = true;
    QMetaObject::invokeMethod(
        receiver, [target = receiver] { target->drain(); }, Qt::QueuedConnection);
  }
};

bool isRunning(JobState state) {
  return state == JobState::queued || state == JobState::listing || state == JobState::downloading ||
         state == JobState::verifying;
}

bool isUnfinished(JobState state) { return isRunning(state) || state == JobState::paused || state == JobState::failed; }

Downloads::Downloads(const Services& services) : services_(services), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->receiver = this;
  orders_.setMaxThreadCount(1);
}

Downloads::~Downloads() {
  {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->receiver = nullptr;
  }
  orders_.waitForDone();  // orders take locks for moments only
}

void Downloads::order(std::function<void(const DownloadQueue&)> call) {
  Q_ASSERT(QThread::currentThread() == thread());
  orders_.start([&queue = services_.downloads, call = std::move(call)] { call(queue); });
}

void Downloads::open() {
  if (opened_ || !services_.downloads.observe) return;
  opened_ = true;
  order([mailbox = mailbox_](const DownloadQueue& queue) {
    queue.observe([mailbox](const std::vector<JobSnapshot>& jobs) { mailbox->put(jobs, false); });
    mailbox->put(queue.snapshots(), true);
  });
}

void Downloads::drain() {
  std::vector<JobSnapshot> before = std::move(jobs_);
  {
    const std::lock_guard lock(mailbox_->mutex);
    jobs_ = std::move(mailbox_->jobs);
    mailbox_->is_waking = false;
  }
  const bool is_first = !std::exchange(heard_, true);
  Q_EMIT changed();
  if (is_first) return;  // what ended in an earlier run is no news
  const std::vector<JobSnapshot> now = jobs_;
  for (const JobSnapshot& job : now) {
    const auto old = std::find_if(before.begin(), before.end(), [&](const auto& other) { return other.id == job.id; });
    if (old != before.end() && old->state == job.state) continue;
    if (job.state == JobState::completed) Q_EMIT completed(job);
    if (job.state == JobState::failed) Q_EMIT failed(job);
  }
}

const JobSnapshot* Downloads::find(quint64 id) const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [id](const auto& job) { return job.id == id; });
  return found == jobs_.end() ? nullptr : &*found;
}

const JobSnapshot* Downloads::find(HubKind hub, const RepoId& repo) const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const JobSnapshot& job) {
    return job.spec.hub == hub && job.spec.repo == repo && job.spec.revision.empty() && job.spec.local_dir.empty();
  });
  return found == jobs_.end() ? nullptr : &*found;
}

int Downloads::running() const {
  return static_cast<int>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return isRunning(job.state); }));
}

bool Downloads::fills(const std::string& folder) const {
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [&](const auto& job) { return job.folder == folder && isUnfinished(job.state); });
}

void Downloads::start(HubKind hub, const RepoId& repo) {
  open();
  JobSpec spec;
  spec.hub = hub;
  spec.repo = repo;
  order([spec](const DownloadQueue& queue) { queue.add(spec); });
}

void Downloads::pause(quint64 id) {
  order([id](const DownloadQueue& queue) { queue.pause(id); });
}
void Downloads::resume(quint64 id) {
  order([id](const DownloadQueue& queue) { queue.resume(id); });
}
void Downloads::cancel(quint64 id) {
  order([id](const DownloadQueue& queue) { queue.cancel(id); });
}
void Downloads::remove(quint64 id) {
  order([id](const DownloadQueue& queue) { queue.remove(id); });
}

void Downloads::forgetFolder(const std::string& folder) {
  for (const JobSnapshot& job : jobs_)
    if (job.folder == folder && !isUnfinished(job.state)) remove(job.id);
}

}  // namespace flightdeck
