// The local engine: an engine directory on a backend, run by one thread that owns everything mutable of inference.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/engine/engine_dir.h"
#include "core/runtime/inference.h"

namespace flightdeck {

enum class BatchPolicy : uint8_t {
  guaranteed_no_evict,  // a request starts only when its worst case fits the cache
  max_utilization,      // starts when it fits now; when blocks run out the youngest is preempted and recomputed
  static_batch,         // a batch starts together and the next waits until all have ended (for comparison)
};

struct EngineOptions {
  std::string device = "auto";  // auto, cpu, cuda:N
  int threads = 0;              // CPU backend; 0: one per physical core
  int max_batch_size = 0;       // 0: the engine's own
  int context_tokens = 0;       // prompt and answer of a request; 0, or more than the engine's own: the engine's own
  int max_num_tokens = 0;       // tokens of one step: the chunk of a prefill; 0: 512 on a CPU, 2048 on a GPU
  int tokens_per_block = 0;     // 0: the engine's own
  uint64_t kv_cache_bytes = 0;  // 0: what max_batch_size sequences of full context need, at most the fraction below
  double kv_cache_fraction = 0.85;  // of the free memory
  int max_queue = 512;
  BatchPolicy policy = BatchPolicy::guaranteed_no_evict;
  bool prefix_reuse = true;
  /// The text of a request does not depend on its batch mates. A CPU keeps that promise always; a GPU cuts sums by a
  /// row's own shape then, prompts are read in chunks of fixed places, and there is neither prefix reuse nor
  /// preemption.
  bool deterministic = false;
};

struct LoadProgress {
  const char* phase = "";  // "read", "pack", "warm up"
  double fraction = 0;     // [0, 1]
};

/// What an engine is made of, wherever its weights come from: an engine directory, or random numbers for a benchmark.
struct EngineSource {
  Plan plan;
  EngineManifest manifest;
  /// The canonical weight; `storage` may hold its bytes, which are not needed after the next call.
  std::function<Result<WeightView>(const WeightSpec&, std::vector<std::byte>& storage)> weight;
  std::function<Result<std::vector<float>>(const WeightSpec&)> vector;
  std::function<void(const WeightSpec&)> loaded;  // optional: this weight is on the device
  std::shared_ptr<const Tokenizer> tokenizer;     // may be null: ids in, ids out
  ChatPrompt chat_prompt;
  SamplingParams sampling;
  std::string name, path;
};

/// Puts the weights on the device and starts the engine thread. Thread of the caller; progress is called from it.
Result<std::unique_ptr<Inference>> start_engine(EngineSource source, const EngineOptions& options,
                                                const std::function<void(const LoadProgress&)>& progress = {},
                                                std::stop_token stop = {});

/// Opens and verifies an engine directory.
Result<EngineSource> open_source(const std::string& engine_dir,
                                 const std::function<void(const LoadProgress&)>& progress = {},
                                 std::stop_token stop = {});

/// Opens, verifies and starts an engine directory. Loads on the calling thread; progress is called from it. Cancelled
/// through `stop`.
Result<std::unique_ptr<Inference>> load_engine(const std::string& engine_dir, const EngineOptions& options,
                                               const std::function<void(const LoadProgress&)>& progress = {},
                                               std::stop_token stop = {});

}  // namespace flightdeck
