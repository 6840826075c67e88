#include <algorithm>
#include <fstream>
#include <tuple>
#include <vector>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/tactics.h"

namespace flightdeck::cuda {
namespace {

constexpr char kHeader[] = "flightdeck-tactics 1 ";
constexpr size_t kFlushBytes = size_t{128} << 20;  // more than any L2

}  // namespace

bool TacticKey::operator<(const TacticKey& other) const {
  return std::tie(rows, cols, packing, step_scales, tokens, bf16) <
         std::tie(other.rows, other.cols, other.packing, other.step_scales, other.tokens, other.bf16);
}

int token_bucket(int tokens) {
  int bucket = 1;
  while (bucket < tokens) bucket *= 2;
  return bucket;
}

std::optional<Tactic> Tactics::find(const TacticKey& key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = decisions_.find(key);
  if (found == decisions_.end()) return std::nullopt;
  return found->second;
}

void Tactics::set(const TacticKey& key, Tactic tactic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  decisions_[key] = tactic;
}

bool Tactics::save(const std::string& path, const std::string& device) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::ofstream file(path, std::ios::trunc);
  file << kHeader << device << '\n';
  for (const auto& [key, tactic] : decisions_) {
    file << key.rows << ' ' << key.cols << ' ' << static_cast<int>(key.packing) << ' ' << key.step_scales << ' '
         << key.tokens << ' ' << key.bf16 << ' ' << static_cast<int>(tactic) << '\n';
  }
  file.flush();
  return file.good();
}

bool Tactics::load(const std::string& path, const std::string& device) {
  std::ifstream file(path);
  std::string header;
  if (!std::getline(file, header) || header != kHeader + device) return false;
  std::map<TacticKey, Tactic> read;
  TacticKey key;
  int packing = 0, tactic = 0;
  while (file >> key.rows >> key.cols >> packing >> key.step_scales >> key.tokens >> key.bf16 >> tactic) {
    if (packing < 0 || packing > static_cast<int>(Packing::int4_groups)) return false;
    if (tactic < 0 || tactic > static_cast<int>(Tactic::blas)) return false;
    key.packing = static_cast<Packing>(packing);
    read[key] = static_cast<Tactic>(tactic);
  }
  if (!file.eof()) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [each, choice] : read) decisions_[each] = choice;
  return true;
}

Tactics& tactics_of(int device) {
  static std::mutex mutex;
  static std::map<int, Tactics> all;
  const std::lock_guard<std::mutex> lock(mutex);
  return all[device];
}

StreamTimer::StreamTimer(Context& context) : context_(context) {
  if (cudaMalloc(&flush_, kFlushBytes) != cudaSuccess) cudaGetLastError();  // then the cache is warm: still comparable
  check(cudaEventCreate(&begin_), "timing a kernel");
  check(cudaEventCreate(&end_), "timing a kernel");
}

StreamTimer::~StreamTimer() {
  cudaEventDestroy(begin_);
  cudaEventDestroy(end_);
  cudaFree(flush_);
}

float StreamTimer::median(const std::function<void()>& run, int rounds) const {
  run();
  std::vector<float> times(static_cast<size_t>(rounds));
  for (float& time : times) {
    // The fill also gives the processor time to queue all of `run` before the clock starts.
    if (flush_) check(cudaMemsetAsync(flush_, 0, kFlushBytes, context_.stream), "timing a kernel");
    check(cudaEventRecord(begin_, context_.stream), "timing a kernel");
    run();
    check(cudaEventRecord(end_, context_.stream), "timing a kernel");
    check(cudaEventSynchronize(end_), "timing a kernel");
    check(cudaEventElapsedTime(&time, begin_, end_), "timing a kernel");
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<size_t>(rounds) / 2];
}

}  // namespace flightdeck::cuda
