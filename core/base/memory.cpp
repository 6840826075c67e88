#include "core/base/memory.h"

#include <cstdlib>
#include <fstream>
#include <string>

namespace flightdeck {
namespace {

/// The value of a line like "VmHWM:     1234 kB", in bytes.
uint64_t kilobyte_field(const char* path, const std::string& field) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field)) return std::strtoull(line.c_str() + field.size(), nullptr, 10) * 1024;
  return 0;
}

}  // namespace

uint64_t process_memory_bytes() { return kilobyte_field("/proc/self/status", "VmRSS:"); }
uint64_t process_peak_memory_bytes() { return kilobyte_field("/proc/self/status", "VmHWM:"); }
uint64_t total_memory_bytes() { return kilobyte_field("/proc/meminfo", "MemTotal:"); }
uint64_t available_memory_bytes() { return kilobyte_field("/proc/meminfo", "MemAvailable:"); }

}  // namespace flightdeck
