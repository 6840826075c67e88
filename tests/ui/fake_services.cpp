#include "tests/ui/fake_services.h"

#include <chrono>
#include <filesystem>
#include <thread>

namespace flightdeck::test {
namespace {

ModelConfig starterConfig() {
  ModelConfig config;
  config.architecture = "LlamaForCausalLM";
  config.vocab_size = 12000;
  config.hidden_size = 384;
  config.num_layers = 8;
  config.num_heads = 6;
  config.num_kv_heads = 2;
  config.max_positions = 1024;
  return config;
}

Result<std::vector<int32_t>> encodeChat(const Inference& engine, const std::vector<ChatMessage>& messages,
                                        int max_tokens, int* dropped) {
  std::vector<int32_t> ids;
  size_t first = 0;
  int count = 0;
  const auto size = [&] {
    size_t total = 0;
    for (size_t i = first; i < messages.size(); ++i) total += messages[i].text.size();
    return static_cast<int>(total);
  };
  while (first + 1 < messages.size() && size() > max_tokens) ++first, ++count;
  if (size() > max_tokens)
    return fail(ErrorKind::invalid_input, "The message has {} tokens; {} fit: shorten it.", size(), max_tokens);
  if (dropped) *dropped = count;
  for (size_t i = first; i < messages.size(); ++i)
    for (int32_t id : engine.tokenizer().encode(messages[i].text)) ids.push_back(id);
  return ids;
}

Result<EngineManifest> buildEngine(World& world, const BuildOptions& options,
                                   const std::function<void(const BuildProgress&)>& progress, std::stop_token stop) {
  ++world.builds;
  const auto say = [&](BuildPhase phase, const char* detail, double fraction, double eta) {
    if (progress) progress({phase, detail, 0.4, fraction, eta});
  };
  say(BuildPhase::read, "38 MB, 2 files", 0.1, -1);
  say(BuildPhase::rewrite, "139 → 59 operations, 8 passes verified", 0.2, 6);
  say(BuildPhase::quantize, "layer 5 of 8 · 210 MB/s", 0.62, 4);
  while (world.hold_build && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "cancelled");
  if (!world.build_error.empty()) return fail(ErrorKind::no_space, "{}", world.build_error);
  say(BuildPhase::write, "11 MB, atomic", 1, 0);
  EngineListing listing =
      fakeEngine(std::filesystem::path(options.output_dir).filename().string(), options.qformat, 11'200'000);
  listing.path = options.output_dir;
  std::lock_guard lock(world.mutex);
  world.engines.push_back(listing);
  return listing.manifest;
}

Preflight preflightOf(const BuildOptions& options, uint64_t free_bytes, double bandwidth) {
  Preflight result;
  result.model_name = "starter";
  result.config = starterConfig();
  result.checkpoint_bytes = 38'400'000;
  const double share = options.qformat == QFormat::full_prec ? 1.0 : options.qformat == QFormat::int8_wo ? 0.52 : 0.29;
  result.engine_bytes = static_cast<uint64_t>(38'400'000 * share);
  result.weight_bytes = result.engine_bytes;
  result.kv_cache_bytes = 25'000'000ull * static_cast<uint64_t>(options.max_batch_size) / 8;
  result.workspace_bytes = 6'000'000;
  result.run_bytes = result.weight_bytes + result.kv_cache_bytes + result.workspace_bytes;
  result.device_free_bytes = free_bytes;
  result.decode_tokens_per_s = bandwidth / static_cast<double>(result.weight_bytes);
  return result;
}

}  // namespace

EngineListing fakeEngine(const std::string& name, QFormat format, uint64_t bytes) {
  EngineListing listing;
  listing.name = name;
  listing.path = "/engines/" + name;
  EngineManifest& manifest = listing.manifest;
  manifest.name = name;
  manifest.qformat = format;
  manifest.group_size = format == QFormat::int4_wo ? 128 : 0;
  manifest.max_input_len = 768;
  manifest.max_output_len = 256;
  manifest.created = "2026-01-05T10:00:00Z";
  ReportCard& report = manifest.report;
  report.checkpoint_bytes = 38'400'000;
  report.engine_bytes = bytes;
  report.peak_host_bytes = 92'000'000;
  report.operations_before = 139;
  report.operations_after = 59;
  report.phase_seconds = {{"read", 0.1}, {"rewrite", 0.2}, {"quantize", 1.9}, {"verify", 0.6}, {"write", 0.1}};
  report.max_logit_error = 0.041;
  report.top1_agreement = 0.992;
  const char* const passes[] = {"fuse_qkv", "fuse_gate_up", "fuse_residual_norm", "fuse_swiglu",
                                "fuse_rope_cache_write"};
  int operations = 139;
  for (const char* pass : passes) {
    report.passes.push_back({pass, 8, operations, operations - 16, 1e-7, 1.2});
    operations -= 16;
  }
  return listing;
}

Services fakeServices(World& world) {
  Services services;
  services.open_chats = [&world](std::string*) -> Result<std::unique_ptr<ChatStore>> {
    return std::unique_ptr<ChatStore>(new MemoryStore(world.chats));
  };
  services.load_engine = [&world](const std::string& path, const EngineOptions&,
                                  const std::function<void(const LoadProgress&)>& progress,
                                  std::stop_token) -> Result<std::unique_ptr<Inference>> {
    if (path.find("missing") != std::string::npos)
      return fail(ErrorKind::not_found, "{}: no engine.json; build the engine again", path);
    if (progress) progress({"pack", 0.5});
    auto engine = std::make_unique<FakeInference>(world.script, path);
    world.engine = engine.get();
    return std::unique_ptr<Inference>(std::move(engine));
  };
  services.build_engine = [&world](const BuildOptions& options, const auto& progress, std::stop_token stop) {
    return buildEngine(world, options, progress, stop);
  };
  services.preflight = [](const BuildOptions& options, const TargetDevice& device) -> Result<Preflight> {
    return preflightOf(options, device.free_bytes, device.read_bandwidth);
  };
  services.list_engines = [&world](const std::string&) {
    std::lock_guard lock(world.mutex);
    return world.engines;
  };
  services.describe_checkpoint = [](const std::string& folder) {
    CheckpointListing listing;
    listing.path = folder;
    listing.name = std::filesystem::path(folder).filename().string();
    if (folder.find("broken") != std::string::npos) {
      listing.error = folder + ": no config.json; choose the folder that holds it";
      return listing;
    }
    listing.config = starterConfig();
    listing.bytes = 38'400'000;
    return listing;
  };
  services.devices = [&world] {
    std::vector<DeviceFacts> devices = world.gpus;
    devices.push_back({"cpu", "Test CPU, 2 threads, AVX-512 VNNI", 16'600'000'000, 11'100'000'000, 11.8e9});
    return devices;
  };
  services.encode_chat = encodeChat;
  services.save_settings = [&world](const Settings& settings) -> Result<void> {
    std::lock_guard lock(world.mutex);
    world.saved = settings;
    return {};
  };
  services.search_hub = [&world](HubKind, const SearchQuery&, std::stop_token) { return world.found; };
  services.examine_repo = [&world](HubKind, const RepoId& repo, const TargetDevice&,
                                   std::stop_token) -> Result<RepoOffer> {
    return world.offer ? world.offer(repo) : fail(ErrorKind::not_found, "{} is not here", repo.text());
  };
  services.downloads.add = [](const JobSpec&) { return uint64_t{1}; };
  for (auto* order :
       {&services.downloads.pause, &services.downloads.resume, &services.downloads.cancel, &services.downloads.remove})
    *order = [](uint64_t) {};
  services.downloads.snapshots = [&world] { return world.downloads; };
  services.downloads.observe = [](const auto&) {};
  services.cached_models = [&world] { return world.cached; };
  services.remove_cached = [](const CachedModel& model) -> Result<uint64_t> { return model.bytes; };
  services.damaged_files = [](const CachedModel&, std::stop_token, const auto&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>();
  };
  services.engines_folder = "/dev/null/engines";  // nothing is ever written there
  services.starter_model = world.starter ? "/models/starter" : "";
  return services;
}

}  // namespace flightdeck::test
