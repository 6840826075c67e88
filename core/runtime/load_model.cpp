#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/executor/step_size.h"
#include "core/runtime/loaded_model.h"
#include "kernels/device_error.h"

namespace flightdeck {
namespace {

constexpr int kSmallestContext = 64;

double gib(uint64_t bytes) { return static_cast<double>(bytes) / (1u << 30); }

/// Why a GPU that is there is not used: said to the user, who would wonder. Empty where there is none.
std::string unused_gpu() {
  std::error_code code;
  return std::filesystem::exists("/dev/nvidia0", code) ? "The GPU cannot be used: " + cuda_status() : std::string();
}

/// A GPU where there is a usable one; that one is there and is not used is never silent.
bool prefers_gpu() {
  if (cuda_device_count() > 0) return true;
  const std::string why = unused_gpu();
  spdlog::log(why.empty() ? spdlog::level::debug : spdlog::level::warn, "running on the CPU: {}", cuda_status());
  return false;
}

/// bfloat16 weights have bfloat16's range of activations; every other type of weights computes in float16 on a GPU.
DType gpu_activation(const EngineManifest& manifest) { return manifest.dtype == "bfloat16" ? DType::bf16 : DType::f16; }

/// Where a GPU keeps what it measured of itself; empty when there is no such place, then it measures at every start.
std::string tuning_folder() { return make_directories(cache_dir()) ? cache_dir() : std::string(); }

Result<std::unique_ptr<Backend>> make_backend(const EngineOptions& options, const EngineManifest& manifest) {
  if (options.device == "cpu" || (options.device == "auto" && !prefers_gpu())) {
    return make_cpu_backend({.threads = options.threads});
  }
  const std::string number = options.device == "auto"              ? "0"
                             : options.device.starts_with("cuda:") ? options.device.substr(5)
                                                                   : "";
  if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != std::string::npos) {
    return fail(ErrorKind::invalid_input, "There is no device \"{}\": use auto, cpu or cuda:N", options.device);
  }
  if (std::stoi(number) >= cuda_device_count()) {
    return fail(ErrorKind::invalid_input, "Device {} cannot be used: {}. Use --device cpu", options.device,
                cuda_status());
  }
  return make_cuda_backend({.device = std::stoi(number),
                            .activation = gpu_activation(manifest),
                            .deterministic = options.deterministic,
                            .cache_folder = tuning_folder()});
}

Result<void> pack_weights(LoadedModel& model, const EngineSource& source,
                          const std::function<void(const LoadProgress&)>& progress, const std::stop_token& stop) {
  std::vector<std::byte> storage;
  size_t done = 0;
  for (const WeightSpec& spec : model.plan.weights) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "Loading {} was cancelled", source.name);
    if (spec.role == WeightRole::vector) {
      TRY(const std::vector<float> values, source.vector(spec));
      model.weights.add_vector(*model.backend, spec.name, values);
    } else {
      TRY(const WeightView view, source.weight(spec, storage));
      model.weights.add(spec.name, model.backend->pack(view));
    }
    if (source.loaded) source.loaded(spec);
    if (progress) progress({"pack", static_cast<double>(++done) / static_cast<double>(model.plan.weights.size())});
  }
  return {};
}

/// Blocks for max_batch_size sequences of full context, or as many as the memory allows.
Result<int> size_cache(LoadedModel& model, const EngineManifest& manifest, const EngineOptions& options, DType dtype) {
  EngineInfo& info = model.info;
  const uint64_t block_bytes =
      KvCache::bytes_per_token(model.plan.info, dtype) * static_cast<uint64_t>(info.tokens_per_block);
  const int blocks_a_sequence = (info.context_tokens + info.tokens_per_block - 1) / info.tokens_per_block;
  const uint64_t free_bytes = model.backend->info().free_bytes;
  const uint64_t limit = options.kv_cache_bytes > 0
                             ? options.kv_cache_bytes
                             : static_cast<uint64_t>(options.kv_cache_fraction * static_cast<double>(free_bytes));
  const uint64_t wanted = static_cast<uint64_t>(blocks_a_sequence) * static_cast<uint64_t>(info.max_batch_size);
  const uint64_t blocks = std::min(wanted, limit / block_bytes);
  const int context =
      static_cast<int>(std::min<uint64_t>(blocks * static_cast<uint64_t>(info.tokens_per_block), info.context_tokens));
  if (context < std::min(kSmallestContext, info.context_tokens)) {
    return fail(ErrorKind::no_space,
                "{}: the KV cache of one sequence of {} tokens needs {:.2f} GiB, {:.2f} GiB of memory are free for it: "
                "close other "
                "programs or build with a smaller max_input_len",
                manifest.name, info.context_tokens, gib(block_bytes * static_cast<uint64_t>(blocks_a_sequence)),
                gib(limit));
  }
  info.context_tokens = context;  // less than the engine allows when memory is short; shown to the user
  return static_cast<int>(blocks);
}

void describe(LoadedModel& model, const EngineSource& source, const EngineOptions& options) {
  const EngineManifest& manifest = source.manifest;
  const DeviceInfo device = model.backend->info();
  EngineInfo& info = model.info;
  info.name = source.name;
  info.path = source.path;
  info.model = manifest.name;
  info.qformat = std::string(name_of(manifest.qformat));
  info.device = device.id;
  info.device_name = device.name;
  if (options.device == "auto" && device.id == "cpu") info.device_note = unused_gpu();
  info.compute_cap = device.compute_cap;
  info.architecture = model.plan.info.architecture;
  info.vocab_size = model.plan.info.vocab_size;
  info.context_tokens = std::min(manifest.context_tokens(), model.plan.info.max_positions);
  if (options.context_tokens > 0) info.context_tokens = std::min(info.context_tokens, options.context_tokens);
  info.max_batch_size = options.max_batch_size > 0 ? options.max_batch_size : manifest.max_batch_size;
  info.tokens_per_block = options.tokens_per_block > 0 ? options.tokens_per_block : manifest.tokens_per_block;
}

/// Runs one token, so that the first request does not pay for page faults and thread starts.
void warm_up(LoadedModel& model) {
  StepInput input;
  input.token_ids = input.positions = input.sequence_of = input.logit_rows = input.block_tables = {0};
  input.query_offsets = {0, 1};
  input.kv_lengths = {1};
  input.max_blocks = 1;
  std::vector<float> logits(model.plan.info.vocab_size);
  model.executor->step(input, logits.data());
}

Result<void> fill(LoadedModel& model, const EngineSource& source, const EngineOptions& options,
                  const std::function<void(const LoadProgress&)>& progress, const std::stop_token& stop) {
  if (options.deterministic && options.policy == BatchPolicy::max_utilization) {
    return fail(
        ErrorKind::invalid_input,
        "{}: the policy max_utilization computes preempted answers anew, in another way than the first time: use "
        "guaranteed_no_evict where the text must be deterministic",
        source.name);
  }
  if (!model.backend) {
    TRY(model.backend, make_backend(options, source.manifest));
  }
  describe(model, source, options);
  TRY_VOID(pack_weights(model, source, progress, stop));
  const DType activation = model.backend->info().activation;
  const DType dtype = cache_type(source.manifest.kv_cache_dtype, source.manifest.dtype, activation);
  TRY(const int blocks, size_cache(model, source.manifest, options, dtype));
  model.cache = std::make_unique<KvCache>(*model.backend, model.plan.info, dtype, blocks, model.info.tokens_per_block);
  const bool fixed = options.deterministic;
  const int step_tokens = options.max_num_tokens > 0 ? options.max_num_tokens : default_step_tokens(activation);
  const int sequences = model.info.max_batch_size;
  const int max_tokens = fixed ? step_tokens + sequences : std::max(step_tokens, sequences);
  const int logit_rows = fixed ? kLogitRows + sequences : std::max(kLogitRows, sequences);
  model.scheduling = {sequences, max_tokens, logit_rows, options.policy, options.prefix_reuse && !fixed};
  if (fixed) model.scheduling.fixed_chunk = step_tokens, model.scheduling.fixed_logit_rows = kLogitRows;
  model.executor = std::make_unique<Executor>(model.plan, *model.backend, model.weights, *model.cache, max_tokens,
                                              model.info.max_batch_size, logit_rows);
  model.info.kv_blocks = blocks;
  model.info.weight_bytes = model.weights.bytes();
  model.info.kv_cache_bytes = model.cache->bytes();
  if (progress) progress({"warm up", 1.0});
  warm_up(model);
  return {};
}

}  // namespace

Result<std::unique_ptr<LoadedModel>> load_model(EngineSource source, const EngineOptions& options,
                                                const std::function<void(const LoadProgress&)>& progress,
                                                std::stop_token stop, std::unique_ptr<Backend> backend) {
  const auto start = std::chrono::steady_clock::now();
  auto model = std::make_unique<LoadedModel>();
  model->backend = std::move(backend);
  model->plan = source.plan;
  model->tokenizer = source.tokenizer;
  model->chat_prompt = source.chat_prompt;
  model->sampling = source.sampling;
  model->max_queue = options.max_queue;
  try {
    TRY_VOID(fill(*model, source, options, progress, stop));
  } catch (const DeviceOutOfMemory& error) {
    return fail(ErrorKind::no_space,
                "{}: {} (needs {:.2f} GiB, {:.2f} GiB free). Choose INT8 or INT4, or a smaller batch or context",
                source.name, error.what(), gib(error.needed_bytes), gib(error.free_bytes));
  } catch (const DeviceError& error) {
    return fail(ErrorKind::io, "{}: the device failed while loading: {}", source.name, error.what());
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::no_space,
                "{}: memory ran out while loading. Choose INT8 or INT4, or a smaller batch or context", source.name);
  }
  model->info.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return model;
}

}  // namespace flightdeck
