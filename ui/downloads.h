// The downloads as the window shows them: the queue's last word, and orders to it. The queue lives on threads of its
// own; Mailbox is where they meet. GUI thread only.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <memory>
#include <vector>

#include "ui/services.h"

namespace flightdeck {

class Downloads : public QObject {
  Q_OBJECT
 public:
  explicit Downloads(const Services& services);
  ~Downloads() override;

  /// Asks for the list of the last run; without effect when called again.
  void open();
  const std::vector<JobSnapshot>& jobs() const { return jobs_; }
  const JobSnapshot* find(quint64 id) const;
  /// The job of a repository at its default revision into the cache.
  const JobSnapshot* find(HubKind hub, const RepoId& repo) const;
  int running() const;  // waiting ones included
  /// Whether an unfinished job fills this folder.
  bool fills(const std::string& folder) const;

  void start(HubKind hub, const RepoId& repo);
  void pause(quint64 id);
  void resume(quint64 id);
  void cancel(quint64 id);
  void remove(quint64 id);
  void forgetFolder(const std::string& folder);  // finished jobs of a model that was deleted

 Q_SIGNALS:
  void changed();
  void completed(const flightdeck::JobSnapshot& job);
  void failed(const flightdeck::JobSnapshot& job);

 private:
  struct Mailbox;
  void drain();
  void order(std::function<void(const DownloadQueue&)> call);
  const Services& services_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<JobSnapshot> jobs_;
  bool opened_ = false, heard_ = false;
  QThreadPool orders_;  // one thread: orders arrive as they were given, and a busy disk does not hold up the window
};

bool isRunning(JobState state);     // or waits to
bool isUnfinished(JobState state);  // running, paused or failed: what is there is not a model yet

}  // namespace flightdeck
