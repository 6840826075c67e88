// What a build would give, before it is done: sizes from the plan, speed from the bytes a token needs.
#include <algorithm>

#include "core/base/memory.h"
#include "core/engine/build_plan.h"
#include "core/engine/bytes_text.h"
#include "core/executor/kv_cache.h"
#include "core/executor/step_size.h"
#include "core/graph/arch.h"

namespace flightdeck {
namespace {

constexpr double kBandwidthShare = 0.75;               // of the measured read bandwidth that decoding reaches
constexpr uint64_t kProgramBytes = 64u << 20;          // code, tokenizer, thread stacks
constexpr uint64_t kPieceBytes = uint64_t{48} << 20;   // buffers of weight_stream.cpp
constexpr uint64_t kGpuScratch = uint64_t{160} << 20;  // cuBLASLt's workspace, an unpacked panel of a weight
constexpr int kMinContext = 256;                       // shorter ones are not worth proposing

/// What activations are on such a device. Either half type of a GPU takes the same memory.
DType activation_of(const TargetDevice& device) { return device.gpu ? DType::f16 : DType::f32; }

uint64_t bytes_of(const StoredWeight& stored) { return stored.data_bytes + stored.scale_bytes; }

/// Slots, logits and tables of an executor.
uint64_t workspace_of(const Plan& plan, int max_batch_size, const TargetDevice& device) {
  const DType activation = activation_of(device);
  const int tokens = std::max(default_step_tokens(activation), max_batch_size);
  uint64_t bytes = device.gpu ? kGpuScratch : 0;
  for (const size_t slot : slot_bytes(plan, activation, tokens, std::max(kLogitRows, max_batch_size))) bytes += slot;
  const auto table = static_cast<uint64_t>(plan.info.max_positions) * static_cast<uint64_t>(plan.info.head_dim);
  return bytes + table * sizeof(float);
}

/// Weights a decoded token reads: all, but of the embedding one row.
uint64_t token_bytes(const BuildPlan& build) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < build.plan.weights.size(); ++i) {
    const StoredWeight& stored = build.layout.weights[i];
    const bool is_table = build.plan.weights[i].role == WeightRole::embedding;
    bytes += bytes_of(stored) / static_cast<uint64_t>(is_table ? stored.rows : 1);
  }
  return bytes;
}

/// Of the weight that needs most while it is built: its mapped pages, stored bytes and the packed copies of the sample.
uint64_t build_bytes(const BuildPlan& build, uint64_t workspace, bool measures) {
  uint64_t most = 0;
  for (size_t i = 0; i < build.plan.weights.size(); ++i) {
    const StoredWeight& stored = build.layout.weights[i];
    if (build.plan.weights[i].role == WeightRole::embedding || !measures) continue;
    const uint64_t full =
        static_cast<uint64_t>(stored.rows * stored.cols) * (stored.format == WeightFormat::f32 ? 4 : 2);
    most = std::max(most, 2 * full + bytes_of(stored));
  }
  return most + kPieceBytes + kProgramBytes + (measures ? workspace / 2 : 0);
}

/// The same model with other options; only for advice, so that a failure is no advice.
uint64_t weight_bytes_with(const BuildPlan& build, QFormat qformat) {
  EngineManifest manifest = build.manifest;
  manifest.qformat = qformat;
  for (const int group : {128, 0}) {
    manifest.group_size = qformat == QFormat::int4_wo ? group : 0;
    if (const auto layout = lay_out(build.plan, manifest)) return layout->weight_bytes;
  }
  return UINT64_MAX;
}

/// What would make it fit: a smaller format, a shorter context; empty when nothing does.
std::string advice(const BuildPlan& build, const Preflight& flight, uint64_t free_bytes) {
  std::vector<std::string> choices;
  const auto context = static_cast<uint64_t>(build.manifest.context_tokens());
  const uint64_t rest = flight.workspace_bytes + flight.kv_bytes_per_token * context;
  for (const auto& [qformat, name] : {std::pair{QFormat::int8_wo, "INT8"}, {QFormat::int4_wo, "INT4"}}) {
    if (qformat <= build.manifest.qformat || weight_bytes_with(build, qformat) > free_bytes) continue;
    if (weight_bytes_with(build, qformat) + rest > free_bytes) continue;
    choices.emplace_back(name);
    break;
  }
  const uint64_t fixed = flight.weight_bytes + flight.workspace_bytes;
  uint64_t shorter = kMinContext;
  while (shorter * 2 < context && fixed + shorter * 2 * flight.kv_bytes_per_token <= free_bytes) shorter *= 2;
  if (shorter < context && fixed + shorter * flight.kv_bytes_per_token <= free_bytes)
    choices.push_back(fmt::format("a context of {}", shorter));
  return choices.empty() ? "choose a smaller model" : fmt::format("choose {}", fmt::join(choices, " or "));
}

/// One sequence of full context must fit; more share what is left of the cache.
std::string memory_problem(const BuildPlan& build, const Preflight& flight) {
  const auto context = static_cast<uint64_t>(build.manifest.context_tokens());
  const uint64_t needed = flight.weight_bytes + flight.workspace_bytes + flight.kv_bytes_per_token * context;
  if (flight.device_free_bytes == 0 || needed <= flight.device_free_bytes) return {};
  return fmt::format("needs {}, {} free: {}", bytes_text(needed), bytes_text(flight.device_free_bytes),
                     advice(build, flight, flight.device_free_bytes));
}

void fill_run(const BuildPlan& build, const TargetDevice& device, Preflight& flight) {
  const EngineManifest& manifest = build.manifest;
  for (const StoredWeight& stored : build.layout.weights) flight.weight_bytes += bytes_of(stored);
  const DType cache = cache_type(manifest.kv_cache_dtype, manifest.dtype, activation_of(device));
  flight.kv_bytes_per_token = KvCache::bytes_per_token(build.plan.info, cache);
  const auto block = static_cast<uint64_t>(manifest.tokens_per_block);
  const uint64_t blocks = (static_cast<uint64_t>(manifest.context_tokens()) + block - 1) / block;
  flight.kv_cache_bytes = blocks * block * static_cast<uint64_t>(manifest.max_batch_size) * flight.kv_bytes_per_token;
  flight.workspace_bytes = workspace_of(build.plan, manifest.max_batch_size, device);
  flight.run_bytes = flight.weight_bytes + flight.kv_cache_bytes + flight.workspace_bytes;
  if (device.read_bandwidth > 0)
    flight.decode_tokens_per_s = device.read_bandwidth * kBandwidthShare / static_cast<double>(token_bytes(build));
}

/// The plan of a model without its weights. The passes are not verified here: only sizes are asked for.
Result<Plan> plan_of(const ModelConfig& config) {
  TRY(Graph graph, build_graph(config));
  for (const Pass& pass : all_passes()) pass.apply(graph);
  return make_plan(graph);
}

}  // namespace

Result<Preflight> foresee(const ModelConfig& config, QFormat qformat, const TargetDevice& device) {
  BuildPlan build;
  TRY(build.plan, plan_of(config));
  EngineManifest& manifest = build.manifest;
  manifest.qformat = qformat;
  manifest.max_batch_size = 1;
  manifest.max_input_len = std::min(config.max_positions, kForeseenContext);
  manifest.group_size = qformat == QFormat::int4_wo ? 128 : 0;
  auto layout = lay_out(build.plan, manifest);
  if (!layout && manifest.group_size > 0) {
    manifest.group_size = 0;
    layout = lay_out(build.plan, manifest);
  }
  TRY(build.layout, std::move(layout));
  Preflight flight;
  flight.config = config;
  flight.engine_bytes = build.layout.file_bytes;
  flight.device_free_bytes = device.free_bytes;
  fill_run(build, device, flight);
  return flight;
}

Result<Preflight> preflight(const BuildOptions& options, const TargetDevice& device) {
  TRY(const Checkpoint checkpoint, Checkpoint::open(options.model_dir));
  TRY(EngineManifest manifest, manifest_for(options, checkpoint));
  TRY(const BuildPlan build, plan_build(options, checkpoint, std::move(manifest)));
  Preflight flight;
  std::error_code code;
  flight.model_name = checkpoint_name(build.manifest.source);
  flight.config = checkpoint.config();
  flight.checkpoint_bytes = checkpoint.total_bytes();
  flight.engine_bytes = output_bytes(build, options.model_dir);
  flight.device_free_bytes = device.free_bytes;
  fill_run(build, device, flight);
  // The sample is computed on the CPU, whatever the engine is for.
  const uint64_t host_workspace = workspace_of(build.plan, build.manifest.max_batch_size, {});
  flight.build_host_bytes = build_bytes(build, host_workspace, options.measure_error);
  const std::string output = options.output_dir.empty() ? std::string(".") : options.output_dir;
  TRY(flight.free_disk_bytes, free_disk_bytes(output));
  flight.problem = disk_problem(output, flight.engine_bytes, flight.free_disk_bytes);
  const uint64_t host_bytes = available_memory_bytes();
  if (flight.problem.empty() && host_bytes > 0 && flight.build_host_bytes > host_bytes)
    flight.problem = fmt::format("the build needs {} of memory, {} are available: close other programs",
                                 bytes_text(flight.build_host_bytes), bytes_text(host_bytes));
  if (flight.problem.empty()) flight.problem = memory_problem(build, flight);
  return flight;
}

}  // namespace flightdeck
