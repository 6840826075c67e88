// Where things live, after the XDG base directories. FLIGHTDECK_HOME puts everything under one folder (tests, portable use).
#pragma once

#include <string>

namespace flightdeck {

std::string config_dir();  // settings.json
std::string data_dir();    // chats.sqlite, engines/, models/
std::string cache_dir();   // tuning results
std::string state_dir();   // logs, window geometry
std::string engines_dir();
std::string models_dir();
/// The program's own read-only files (starter model, …): beside the source tree, beside the binary or in share/flightdeck.
std::string resources_dir();

}  // namespace flightdeck
