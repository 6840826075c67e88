#include "app/cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

namespace flightdeck::cli {
namespace {

std::atomic<int> wakeUp{-1};   // write end of the pipe; a handler can only reach statics
std::atomic<int> received{0};  // signals since the last rearm

void onSignal(int) {
  const int savedErrno = errno;
  if (received.fetch_add(1) > 0) _exit(130);
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = write(wakeUp, &byte, 1);
  errno = savedErrno;
}

}  // namespace

/// Turns bytes of the pipe into stop requests on a thread of its own: a stop callback may take locks, a handler not.
struct Interrupt::Watcher {
  int pipe[2] = {-1, -1};
  struct sigaction before[2] = {};
  std::mutex mutex;
  std::shared_ptr<std::stop_source> source;  // guarded by mutex
  std::thread thread;

  void watch() {
    char byte = 0;
    while (read(pipe[0], &byte, 1) > 0 && byte == 1) {
      std::shared_ptr<std::stop_source> stop;
      {
        const std::lock_guard lock(mutex);
        stop = source;
      }
      stop->request_stop();
    }
  }
};

Interrupt::Interrupt() : source_(std::make_shared<std::stop_source>()), watcher_(std::make_unique<Watcher>()) {
  watcher_->source = source_;
  if (pipe2(watcher_->pipe, O_CLOEXEC) != 0) return;  // signals then keep ending the process
  wakeUp = watcher_->pipe[1];
  received = 0;
  struct sigaction action = {};
  action.sa_handler = onSignal;  // without SA_RESTART: a read that waits for the keyboard returns
  sigaction(SIGINT, &action, &watcher_->before[0]);
  sigaction(SIGTERM, &action, &watcher_->before[1]);
  // The thread must not be the one whose read is interrupted.
  sigset_t both, old;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &both, &old);
  watcher_->thread = std::thread([watcher = watcher_.get()] { watcher->watch(); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

Interrupt::~Interrupt() {
  if (!watcher_->thread.joinable()) return;
  sigaction(SIGINT, &watcher_->before[0], nullptr);
  sigaction(SIGTERM, &watcher_->before[1], nullptr);
  const char end = 0;
  [[maybe_unused]] const ssize_t written = write(watcher_->pipe[1], &end, 1);
  watcher_->thread.join();
  wakeUp = -1;
  close(watcher_->pipe[0]);
  close(watcher_->pipe[1]);
}

void Interrupt::rearm() {
  source_ = std::make_shared<std::stop_source>();
  const std::lock_guard lock(watcher_->mutex);
  watcher_->source = source_;
  received = 0;
}

}  // namespace flightdeck::cli
