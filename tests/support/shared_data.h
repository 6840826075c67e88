// Where the real tokenizers, models and texts for tests lie, when this machine has them: beside the checkout, or
// where FLIGHTDECK_SHARED_DATA says.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace flightdeck::test {

/// The path of shared data, empty when it is not there (the test then skips, visibly).
inline std::string shared_data(const std::string& relative) {
  const char* named = std::getenv("FLIGHTDECK_SHARED_DATA");
  const std::string root = named ? named : FLIGHTDECK_SOURCE_DIR "/../shared/data";
  const std::string path = root + "/" + relative;
  return std::filesystem::exists(path) ? path : std::string();
}

}  // namespace flightdeck::test

#define SKIP_WITHOUT(path) \
  if ((path).empty()) QSKIP("shared data is not on this machine: set FLIGHTDECK_SHARED_DATA")
