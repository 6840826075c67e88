// The user's choices: one file, read and written the same way by window, commands and server.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

struct Settings {
  std::string device = "auto";     // auto, cpu, cuda:0
  int cpu_threads = 0;             // 0: one per physical core
  std::string theme = "system";    // system, light, dark
  std::string language = "system"; // system, en, zh
  std::vector<std::string> model_folders;  // checkpoint folders the user imported
  std::string engines_folder;      // empty: engines_dir()
  std::string last_engine;         // engine opened last
  bool load_last_engine = true;    // at start
  double kv_cache_fraction = 0.85; // of the free memory, at most
  int max_batch_size = 8;
};

/// Missing file: the defaults. A damaged file is kept as settings.json.bad and the defaults are returned with `warning` set.
Settings load_settings(std::string* warning = nullptr);
/// Keeps fields of the file that this version does not know.
Result<void> save_settings(const Settings& settings);

}  // namespace flightdeck
