#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/roofline.h"

namespace flightdeck {
namespace {

constexpr size_t kBytes = size_t{512} << 20;
constexpr size_t kAlignment = size_t{2} << 20;
constexpr int kPasses = 12;

/// Reads every byte; the sum only keeps the loads alive.
uint64_t read_words(const uint64_t* words, size_t count) {
  uint64_t sum[16] = {};
  for (size_t i = 0; i + 16 <= count; i += 16) {
    for (size_t lane = 0; lane < 16; ++lane) sum[lane] += words[i + lane];
  }
  uint64_t total = 0;
  for (const uint64_t lane : sum) total += lane;
  return total;
}

double read_once(const uint64_t* words, int threads) {
  const size_t share = kBytes / sizeof(uint64_t) / static_cast<size_t>(threads);
  std::vector<uint64_t> sums(static_cast<size_t>(threads));
  std::vector<std::thread> workers;
  const auto start = std::chrono::steady_clock::now();
  for (size_t t = 0; t < sums.size(); ++t) {
    workers.emplace_back([&sums, words, share, t] { sums[t] = read_words(words + t * share, share); });
  }
  for (std::thread& worker : workers) worker.join();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  volatile uint64_t sink = sums[0];
  (void)sink;
  return static_cast<double>(share * sums.size() * sizeof(uint64_t)) / elapsed.count();
}

}  // namespace

double measure_read_bandwidth(int threads) {
  const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(kAlignment, kBytes), &std::free);
  if (!memory) return 0;
  madvise(memory.get(), kBytes, MADV_HUGEPAGE);
  auto* words = static_cast<uint64_t*>(memory.get());
  for (size_t i = 0; i < kBytes / sizeof(uint64_t); ++i) words[i] = i;
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) best = std::max(best, read_once(words, std::max(threads, 1)));
  return best;
}

}  // namespace flightdeck
