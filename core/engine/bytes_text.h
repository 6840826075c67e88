// Sizes for people: "9.1 GiB".
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace flightdeck {

inline std::string bytes_text(uint64_t bytes) {
  const char* const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace flightdeck
