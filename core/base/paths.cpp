#include "core/base/paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

/// An environment variable that holds an absolute path; XDG says to ignore relative ones.
std::string absolute_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value && value[0] == '/' ? value : "";
}

std::string home() {
  if (std::string named = absolute_from("HOME"); !named.empty()) return named;
  const passwd* entry = getpwuid(getuid());
  return entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : "/tmp";
}

/// $FLIGHTDECK_HOME/<own>, else $<xdg>/flightdeck, else ~/<fallback>/flightdeck.
std::string place(const char* own, const char* xdg, const char* fallback) {
  if (const char* root = std::getenv("FLIGHTDECK_HOME"); root && *root)
    return (fs::absolute(root) / own).lexically_normal().string();
  const std::string base = absolute_from(xdg);
  return base.empty() ? home() + "/" + fallback + "/flightdeck" : base + "/flightdeck";
}

}  // namespace

std::string config_dir() { return place("config", "XDG_CONFIG_HOME", ".config"); }
std::string data_dir() { return place("data", "XDG_DATA_HOME", ".local/share"); }
std::string cache_dir() { return place("cache", "XDG_CACHE_HOME", ".cache"); }
std::string state_dir() { return place("state", "XDG_STATE_HOME", ".local/state"); }
std::string engines_dir() { return data_dir() + "/engines"; }
std::string models_dir() { return data_dir() + "/models"; }

std::string resources_dir() {
  std::error_code code;
  const fs::path beside = fs::read_symlink("/proc/self/exe", code).parent_path();
  const fs::path candidates[] = {beside / "resources", beside / "../share/flightdeck",
                                 fs::path(FLIGHTDECK_RESOURCES_OF_SOURCE_TREE), beside / "../../resources"};
  for (const fs::path& candidate : candidates)
    if (fs::is_directory(candidate, code)) return candidate.lexically_normal().string();
  return candidates[1].lexically_normal().string();
}

}  // namespace flightdeck
