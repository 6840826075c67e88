#include <algorithm>
#include <tuple>
#include <vector>

#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/tactic_file.h"
#include "kernels/cuda/tactics.h"

namespace flightdeck::cuda {
namespace {

/// Raised when a way to compute a linear gets faster or slower: what was measured before is measured again.
constexpr int kKernelVersion = 1;
constexpr size_t kFlushBytes = size_t{128} << 20;  // more than any L2

TacticRecord record_of(const TacticKey& key, Tactic tactic) {
  return {key.rows,   key.cols, static_cast<int>(key.packing), key.step_scales,
          key.tokens, key.bf16, static_cast<int>(tactic)};
}
/// Nothing for numbers that no decision of this program has.
std::optional<std::pair<TacticKey, Tactic>> decision_of(const TacticRecord& record) {
  if (record.packing > static_cast<int>(Packing::int4_groups)) return std::nullopt;
  if (record.tactic > static_cast<int>(Tactic::blas) || record.tokens != token_bucket(record.tokens))
    return std::nullopt;
  TacticKey key;
  key.rows = record.rows;
  key.cols = record.cols;
  key.packing = static_cast<Packing>(record.packing);
  key.step_scales = record.step_scales;
  key.tokens = record.tokens;
  key.bf16 = record.bf16 != 0;
  return std::make_pair(key, static_cast<Tactic>(record.tactic));
}

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
  if (path_.empty()) return;
  read(path_, identity_);   // another process may have written since
  write(path_, identity_);  // where that fails, the next start measures again
}

bool Tactics::save(const std::string& path, const std::string& identity) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return write(path, identity);
}

bool Tactics::load(const std::string& path, const std::string& identity) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return read(path, identity);
}

void Tactics::keep_in(const std::string& path, const std::string& identity) {
  const std::lock_guard<std::mutex> lock(mutex_);
  path_ = path;
  identity_ = identity;
  read(path, identity);
}

/// What this process has measured itself stays.
bool Tactics::read(const std::string& path, const std::string& identity) {
  const auto records = read_tactics(path, identity);
  if (!records) return false;
  for (const TacticRecord& record : *records) {
    if (const auto decision = decision_of(record)) decisions_.insert(*decision);
  }
  return true;
}

bool Tactics::write(const std::string& path, const std::string& identity) const {
  std::vector<TacticRecord> records;
  for (const auto& [key, tactic] : decisions_) records.push_back(record_of(key, tactic));
  return write_tactics(path, identity, records);
}

Tactics& tactics_of(int device) {
  static std::mutex mutex;
  static std::map<int, Tactics> all;
  const std::lock_guard<std::mutex> lock(mutex);
  return all[device];
}

void keep_tactics(int device, const std::string& folder) {
  cudaDeviceProp properties;
  int driver = 0;
  if (folder.empty() || cudaGetDeviceProperties(&properties, device) != cudaSuccess ||
      cudaDriverGetVersion(&driver) != cudaSuccess) {
    cudaGetLastError();
    return;
  }
  const std::string identity = std::string(properties.name) + ", sm" + std::to_string(properties.major) +
                               std::to_string(properties.minor) + ", driver " + std::to_string(driver) + ", cuda " +
                               std::to_string(CUDART_VERSION) + ", cublasLt " + std::to_string(cublasLtGetVersion()) +
                               ", kernels " + std::to_string(kKernelVersion);
  tactics_of(device).keep_in(folder + "/" + tactic_file_name(properties.name), identity);
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
