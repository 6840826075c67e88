#include "core/quantize/parallel_rows.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace flightdeck {

bool parallel_rows(int64_t rows, int64_t block_rows, int threads, const std::stop_token& stop,
                   const std::function<void(int64_t begin, int64_t end)>& body) {
  const int64_t block = std::max<int64_t>(1, block_rows);
  const int64_t blocks = (rows + block - 1) / block;
  std::atomic<int64_t> next = 0, done = 0;
  const auto work = [&] {
    while (!stop.stop_requested()) {
      const int64_t i = next.fetch_add(1);
      if (i >= blocks) return;
      body(i * block, std::min(rows, (i + 1) * block));
      done.fetch_add(1);
    }
  };
  const int64_t wanted = threads > 0 ? threads : static_cast<int64_t>(std::thread::hardware_concurrency());
  std::vector<std::jthread> helpers;
  try {
    for (int64_t i = 1; i < std::min(wanted, blocks); ++i) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads to be had: the ones we have do all the work.
  }
  work();
  helpers.clear();
  return done == blocks;
}

}  // namespace flightdeck
