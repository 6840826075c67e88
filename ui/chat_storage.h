// The chat store on a thread of its own: calls return at once, answers come back on the GUI thread unless their guard
// is gone. Jobs run in the order of the calls. GUI thread only.
#pragma once

#include <QObject>
#include <QPointer>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "ui/services.h"

namespace flightdeck {

class ChatStorage : public QObject {
  Q_OBJECT
 public:
  /// Opening happens on the storage thread too; opened() or failed() tells.
  explicit ChatStorage(const Services& services);
  ~ChatStorage() override { close(); }

  /// job(store) on the storage thread, then(result) on the GUI thread. Without a store every job gets its error.
  template <class T>
  void call(QObject* guard, std::function<Result<T>(ChatStore&)> job, std::function<void(Result<T>)> then) {
    post([this, guard = QPointer<QObject>(guard), job = std::move(job),
          then = std::move(then)](ChatStore* store) mutable {
      auto result = std::make_shared<Result<T>>(store ? job(*store) : Result<T>(tl::unexpected(open_error_)));
      QMetaObject::invokeMethod(
          this,
          [guard = std::move(guard), then = std::move(then), result]() mutable {
            if (guard) then(std::move(*result));
          },
          Qt::QueuedConnection);
    });
  }

  /// Runs what is queued and ends the thread; jobs are short writes. Later calls do nothing.
  void close();

 Q_SIGNALS:
  void opened(const QString& warning);
  void failed(const QString& message);

 private:
  using Job = std::function<void(ChatStore*)>;
  void post(Job job);
  void run();
  const Services& services_;
  Error open_error_;  // storage thread
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;  // guarded by mutex_
  bool closing_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace flightdeck
