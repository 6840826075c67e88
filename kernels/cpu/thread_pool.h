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

  std::vector<std::thread> workers_;
  Task task_;  // written before epoch_ moves, read after
  alignas(64) std::atomic<uint32_t> epoch_{0};
  alignas(64) std::atomic<int> next_{0};
  alignas(64) std::atomic<int> busy_{0};
  bool stopping_ = false;  // published by epoch_
};

}  // namespace flightdeck
