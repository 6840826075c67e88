// What every CPU operation gets beside its arguments: threads, and memory for what does not outlive the operation.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/cpu/aligned_memory.h"
#include "kernels/cpu/thread_pool.h"

namespace flightdeck::cpu {

/// Engine thread only.
class CpuContext {
 public:
  explicit CpuContext(int threads) : pool_(threads) {}

  ThreadPool& pool() { return pool_; }

  /// 64-byte aligned memory, valid until the next call. Grows to the largest operation seen and stays.
  std::byte* scratch(size_t bytes) {
    if (bytes > scratch_.bytes()) {
      scratch_ = Buffer();
      scratch_ = allocate_aligned(std::max(bytes, size_t{1} << 20), "The CPU engine's working memory");
    }
    return scratch_.as<std::byte>();
  }

 private:
  ThreadPool pool_;
  Buffer scratch_;
};

/// Rounded up to whole cache lines, so that parts of a scratch area do not share one.
constexpr size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Rows a thread should take at once so that handing them out costs little beside the work.
inline int rows_per_chunk(int values_per_row) { return std::max(1, 16384 / std::max(values_per_row, 1)); }

}  // namespace flightdeck::cpu
