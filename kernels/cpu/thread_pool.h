// The threads of the CPU engine: they wait spinning for a moment, so that the 150 operations of a decode step do not
// each pay for a wake-up, then they sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace flightdeck {

/// Used by one thread, the engine's, which takes part in the work as thread 0.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// body(begin, end, thread) over [0, count) in chunks of at least `grain`, taken by whoever is free. The body must
  /// give the same result however the range is cut, and must not throw. Returns when all is done.
  template <class Body>
  void parallel_for(int count, int grain, Body&& body) {
    if (count <= 0) return;
    if (workers_.empty() || count <= grain) {
      body(0, count, 0);
      return;
    }
    using Callable = std::remove_reference_t<Body>;
    run({[](void* context, int begin, int end, int thread) { (*static_cast<Callable*>(context))(begin, end, thread); },
         const_cast<std::remove_const_t<Callable>*>(&body), count, chunk_size(count, grain)});
  }

 private:
  struct Task {
    void (*call)(void* context, int begin, int end, int thread) = nullptr;
    void* context = nullptr;
    int count = 0;
    int chunk = 0;
  };

  int chunk_size(int count, int grain) const;
  void run(const Task& task);
  void take_chunks(int thread);
  void work(int thread);

  // state_ is odd while a task is open. A worker counts itself in active_ before it looks at state_ again and reads
  // the task; whoever opens the next one waits for active_ to be 0 after closing. A worker that comes late finds the
  // task closed and is not waited for: other programs on its core cost nothing but its help.
  std::vector<std::thread> workers_;
  Task task_;
  alignas(64) std::atomic<uint32_t> state_{0};
  alignas(64) std::atomic<int> next_{0};
  alignas(64) std::atomic<int> active_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace flightdeck
