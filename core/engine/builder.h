// Checkpoint → engine directory: graph, passes, plan, weights quantized layer by layer, written to <name>.partial and
// renamed.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/engine/engine_dir.h"

namespace flightdeck {

struct BuildOptions {
  std::string model_dir;
  std::string output_dir;  // the engine directory to be; refused when it exists unless overwrite
  bool overwrite = false;
  QFormat qformat = QFormat::int8_wo;
  std::string dtype = "auto";  // auto: the checkpoint's own; float32, float16, bfloat16
  int group_size = 128;        // int4_wo: 32, 64, 128 or 0 (per channel)
  bool quantize_lm_head = false;
  int max_batch_size = 8;
  int max_input_len = 0;   // 0: what the model's context leaves beside max_output_len
  int max_output_len = 0;  // 0: a quarter of the context
  int tokens_per_block = 16;
  std::string kv_cache_dtype = "auto";
  bool measure_error = true;  // logits of a sample against full precision, streamed along
  std::vector<std::string> disabled_passes;
  int threads = 0;
};

enum class BuildPhase : uint8_t { read, rewrite, quantize, verify, write };
std::string_view name_of(BuildPhase phase);

struct BuildProgress {
  BuildPhase phase = BuildPhase::read;
  std::string detail;        // "layer 19 of 32 · 210 MB/s"
  double phase_seconds = 0;  // time in this phase so far
  double fraction = 0;       // of the whole build
  double eta_s = -1;         // seconds left, -1: not known yet
};

/// Runs on the calling thread (the CPU pool helps). Cancelling through `stop` takes effect within a second and leaves
/// nothing behind. progress is called from the same thread, at most about 20 times a second.
Result<EngineManifest> build_engine(const BuildOptions& options,
                                    const std::function<void(const BuildProgress&)>& progress = {},
                                    std::stop_token stop = {});

/// What a build would give, from config.json and tensor sizes alone (milliseconds).
struct Preflight {
  std::string model_name;  // folder name
  ModelConfig config;
  uint64_t checkpoint_bytes = 0;
  uint64_t engine_bytes = 0;
  uint64_t build_host_bytes = 0;  // peak of the build
  uint64_t weight_bytes = 0;      // on the device at run time
  uint64_t kv_bytes_per_token = 0;
  uint64_t kv_cache_bytes = 0;  // max_batch_size sequences of full context
  uint64_t workspace_bytes = 0;
  uint64_t run_bytes = 0;  // weights + cache + workspace
  uint64_t free_disk_bytes = 0;
  uint64_t device_free_bytes = 0;
  double decode_tokens_per_s = 0;  // at batch 1, from the device's read bandwidth (0: unknown)
  std::string problem;             // why the build cannot be done or run here; empty: fine
};

/// The device an engine is meant for, as far as its estimates go.
struct TargetDevice {
  uint64_t free_bytes = 0;
  double read_bandwidth = 0;  // bytes a second; 0: unknown
  bool gpu = false;
};

Result<Preflight> preflight(const BuildOptions& options, const TargetDevice& device);

/// Before the model is even here: what an engine would need at run time, from config.json alone. One sequence, of at
/// most kForeseenContext tokens; float16 where nothing is quantized, INT4 in groups of 128 where they divide the rows.
constexpr int kForeseenContext = 8192;
Result<Preflight> foresee(const ModelConfig& config, QFormat qformat, const TargetDevice& device);

}  // namespace flightdeck
