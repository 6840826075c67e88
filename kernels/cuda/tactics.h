// Which way to compute a linear is fastest: measured once for a shape, kept, written to a file for the next start.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/packed_layout.h"

namespace flightdeck::cuda {

enum class Tactic : uint8_t { gemv, mixed, blas };

struct TacticKey {
  int rows = 0;
  int cols = 0;
  Packing packing = Packing::dense;
  int step_scales = 0;
  int tokens = 0;  // token_bucket()
  bool bf16 = false;

  bool operator<(const TacticKey& other) const;
};

/// 1, 2, 4, … 256: the power of two that tokens fit in.
int token_bucket(int tokens);

/// Thread-safe.
class Tactics {
 public:
  std::optional<Tactic> find(const TacticKey& key) const;
  void set(const TacticKey& key, Tactic tactic);
  /// As a file of `identity`, whose decisions they are (tactic_file.h). False: it could not be written, or read, or is
  /// damaged or another one's; nothing is thrown.
  bool save(const std::string& path, const std::string& identity) const;
  bool load(const std::string& path, const std::string& identity);
  /// Takes what an earlier process has measured and writes every new decision there.
  void keep_in(const std::string& path, const std::string& identity);

 private:
  bool read(const std::string& path, const std::string& identity);
  bool write(const std::string& path, const std::string& identity) const;

  mutable std::mutex mutex_;
  std::map<TacticKey, Tactic> decisions_;
  std::string path_, identity_;  // empty path: kept for this process alone
};

/// The decisions for one GPU of this process.
Tactics& tactics_of(int device);
/// Lets the decisions for this GPU outlive the process, in a file of `folder`, which must exist. Throws nothing.
void keep_tactics(int device, const std::string& folder);

/// Times what is put on the context's stream, with a cold L2 cache. Waits; never inside a captured step.
class StreamTimer {
 public:
  explicit StreamTimer(Context& context);
  ~StreamTimer();
  StreamTimer(const StreamTimer&) = delete;
  StreamTimer& operator=(const StreamTimer&) = delete;

  /// Milliseconds of `run`, the median of `rounds` after one run to warm up.
  float median(const std::function<void()>& run, int rounds) const;

 private:
  Context& context_;
  void* flush_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace flightdeck::cuda
