// Work away from the GUI thread: run() starts a function on a pool and brings its result back. GUI thread only, but for
// post(). The owner destroys it before what the work uses; pending work is then waited for and results are dropped.
#pragma once

#include <QCoreApplication>
#include <QObject>
#include <QPointer>
#include <QThread>
#include <QThreadPool>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace flightdeck {

class Background : public QObject {
 public:
  Background() { pool_.setMaxThreadCount(8); }
  ~Background() override { wait(); }
  void wait() { pool_.waitForDone(); }

  /// work() runs on another thread; then(result) runs on the GUI thread unless `guard` is gone by then.
  template <class Work, class Then>
  void run(QObject* guard, Work work, Then then) {
    Q_ASSERT(QThread::currentThread() == thread());
    auto job = std::make_shared<std::pair<Work, Then>>(std::move(work), std::move(then));
    pool_.start(QRunnable::create([this, target = QPointer<QObject>(guard), job]() mutable {
      using Value = std::invoke_result_t<Work&>;
      if constexpr (std::is_void_v<Value>) {
        job->first();
        post(target, [job] { job->second(); });
      } else {
        auto value = std::make_shared<Value>(job->first());
        post(target, [job, value] { job->second(std::move(*value)); });
      }
      job.reset();
    }));
  }
  template <class Work>
  void run(Work work) {
    pool_.start(QRunnable::create(std::move(work)));
  }

  /// Any thread: call() runs on the GUI thread unless `guard` is gone by then.
  template <class Call>
  void post(QPointer<QObject> guard, Call call) {
    QMetaObject::invokeMethod(
        this,
        [guard = std::move(guard), call = std::move(call)]() mutable {
          if (guard) call();
        },
        Qt::QueuedConnection);
  }

 private:
  QThreadPool pool_;
};

}  // namespace flightdeck
