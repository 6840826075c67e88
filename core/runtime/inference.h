// The interface of anything that answers requests: the local engine, a fake in tests, later a remote server.
// Thread-safe: any thread may call every method.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/runtime/request.h"
#include "core/runtime/stats.h"
#include "core/tokenizer/chat_prompt.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

/// What a loaded engine is; constant after load.
struct EngineInfo {
  std::string name;  // directory name
  std::string path;
  std::string model;    // "Flightdeck starter"
  std::string qformat;  // "int8_wo"
  std::string device;   // "cpu"
  std::string device_name;
  std::string device_note;  // why it is not the GPU that one would expect; empty: nothing to say
  std::string compute_cap;  // "cpu", "sm90"
  std::string architecture;
  int context_tokens = 0;  // prompt + answer
  int vocab_size = 0;
  int max_batch_size = 0;
  uint64_t weight_bytes = 0;
  uint64_t kv_cache_bytes = 0;
  int kv_blocks = 0;
  int tokens_per_block = 0;
  double load_ms = 0;
};

class Inference {
 public:
  virtual ~Inference() = default;
  virtual const EngineInfo& info() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  virtual const ChatPrompt& chat_prompt() const = 0;
  virtual const SamplingParams& default_sampling() const = 0;  // from the model's generation_config.json
  /// Queues a request, or says what is wrong with it (field, value, limit). Never blocks on the device.
  virtual Result<RequestId> submit(Request request, RequestSink sink) = 0;
  /// The request ends within one step with FinishReason::cancelled. Unknown and ended ids are ignored.
  virtual void cancel(RequestId id) = 0;
  virtual EngineStats stats() const = 0;
  /// Records of the iterations after `iteration`, oldest first, at most the last 2048.
  virtual std::vector<IterationRecord> iterations_after(uint64_t iteration) const = 0;
};

}  // namespace flightdeck
