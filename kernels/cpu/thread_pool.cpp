#include "kernels/cpu/thread_pool.h"

#include <hwy/cache_control.h>

#include <algorithm>

namespace flightdeck {
namespace {

constexpr int kWorkerSpins = 4000;   // about 50 us of waiting for the next operation
constexpr int kCallerSpins = 20000;  // then the core is left to whoever delays the workers
constexpr int kChunksPerThread = 8;  // enough that a core taken away for a moment does not hold up the rest

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { work(thread); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  state_.fetch_add(2);
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

int ThreadPool::chunk_size(int count, int grain) const {
  return std::max(grain, (count + threads() * kChunksPerThread - 1) / (threads() * kChunksPerThread));
}

void ThreadPool::run(const Task& task) {
  task_ = task;
  next_.store(0, std::memory_order_relaxed);
  state_.fetch_add(1);
  state_.notify_all();
  take_chunks(0);
  state_.fetch_add(1);
  for (int spin = 0; active_.load() != 0; ++spin) {
    if (spin < kCallerSpins) {
      hwy::Pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadPool::take_chunks(int thread) {
  for (;;) {
    const int begin = next_.fetch_add(task_.chunk, std::memory_order_relaxed);
    if (begin >= task_.count) return;
    task_.call(task_.context, begin, std::min(begin + task_.chunk, task_.count), thread);
  }
}

void ThreadPool::work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    int spin = 0;
    while (state_.load(std::memory_order_relaxed) == seen) {
      if (++spin < kWorkerSpins) {
        hwy::Pause();
      } else {
        state_.wait(seen, std::memory_order_relaxed);
      }
    }
    active_.fetch_add(1);
    seen = state_.load();
    if (seen % 2 == 1) take_chunks(thread);
    active_.fetch_sub(1);
    if (stopping_) return;  // asked behind `seen`, which may be the last change of state_: nobody would wake us again
  }
}

}  // namespace flightdeck
