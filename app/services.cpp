#include "app/services.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <thread>

#include "app/hub_services.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/paths.h"
#include "core/tokenizer/tokenizer.h"
#include "kernels/backend.h"
#include "kernels/device_error.h"
#include "kernels/roofline.h"

namespace flightdeck {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<ChatStore>> openChats(std::string* warning) {
  TRY_VOID(make_directories(data_dir()));
  return ChatStore::open(data_dir() + "/chats.sqlite", warning);
}

CheckpointListing describeCheckpoint(const std::string& folder) {
  CheckpointListing listing;
  listing.path = folder;
  listing.name = checkpoint_name(folder);
  std::error_code code;
  listing.is_missing = !fs::exists(folder, code);
  const auto checkpoint = Checkpoint::open(folder);
  if (checkpoint) {
    listing.config = checkpoint->config();
    listing.bytes = checkpoint->total_bytes();
    // An engine without one could not chat: better said here than after the build.
    if (!fs::exists(folder + "/tokenizer.model", code))
      if (const auto tokenizer = load_tokenizer(folder); !tokenizer) listing.error = tokenizer.error().message;
  } else {
    listing.error = checkpoint.error().message;
  }
  return listing;
}

/// Measured once a machine and kept: measuring takes a second of every core, which a starting window needs itself.
double readBandwidth(const std::string& device) {
  const std::string path = cache_dir() + "/read_bandwidth.json";
  if (const auto known = read_json_file(path)) {
    const double value = JsonReader(*known, path).number(device.c_str(), 0, 1e15, 0.0).value_or(0);
    if (value > 0) return value;
  }
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const double measured = measure_read_bandwidth(threads);
  // Without a place to keep it, it is measured again next time.
  if (make_directories(cache_dir())) (void)write_file_atomically(path, Json{{device, measured}}.dump());
  return measured;
}

DeviceFacts factsOf(const DeviceInfo& info) { return {info.id, info.name, info.total_bytes, info.free_bytes, 0}; }

/// A GPU that is there and that no engine can use: shown with its reason.
DeviceFacts unusable(int device, const std::string& why) {
  DeviceFacts facts;
  facts.id = "cuda:" + std::to_string(device);
  facts.name = "NVIDIA GPU";
  facts.problem = why;
  return facts;
}

std::vector<DeviceFacts> devices() {
  std::vector<DeviceFacts> facts;
  for (int i = 0; i < cuda_device_count(); ++i) {
    try {
      facts.push_back(factsOf(make_cuda_backend({.device = i})->info()));
    } catch (const DeviceError& error) {  // in use by others or broken: the CPU is still there
      spdlog::warn("cuda:{} cannot be used: {}", i, error.what());
      facts.push_back(unusable(i, error.what()));
    }
  }
  std::error_code code;
  if (facts.empty() && fs::exists("/dev/nvidia0", code)) facts.push_back(unusable(0, cuda_status()));
  facts.push_back(factsOf(make_cpu_backend()->info()));
  facts.back().read_bandwidth = readBandwidth(facts.back().name);
  return facts;
}

Result<std::vector<int32_t>> encodeChat(const Inference& engine, const std::vector<ChatMessage>& messages,
                                        int maxTokens, int* dropped) {
  return engine.chat_prompt().encode(engine.tokenizer(), messages, maxTokens, dropped);
}

std::string starterModel() {
  const std::string folder = resources_dir() + "/starter/model";
  std::error_code code;
  return fs::exists(folder + "/config.json", code) ? folder : std::string();
}

}  // namespace

Services makeServices() {
  Services services;
  services.open_chats = openChats;
  services.load_engine = load_engine;
  services.build_engine = build_engine;
  services.preflight = preflight;
  services.list_engines = [](const std::string& folder) {
    remove_partial_builds(folder);  // of builds that were killed
    return list_engines(folder);
  };
  services.describe_checkpoint = describeCheckpoint;
  services.devices = devices;
  services.encode_chat = encodeChat;
  services.save_settings = save_settings;
  addHubServices(services);
  const std::string chosen = load_settings().engines_folder;
  services.engines_folder = chosen.empty() ? engines_dir() : chosen;
  services.starter_model = starterModel();
  return services;
}

}  // namespace flightdeck
