#include "kernels/cpu/cpu_info.h"

#include <hwy/highway.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>
#include <thread>
#include <utility>

namespace flightdeck::cpu {
namespace {

/// The number after `key` in a file of "key value" lines, 0 when it is not there.
size_t value_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    size_t value = 0;
    if (word == key && file >> value) return value;
    file.clear();
  }
  return 0;
}

/// The number a file of one line holds; `otherwise` for "max" and for no file.
size_t number_in(const char* path, size_t otherwise) {
  std::ifstream file(path);
  size_t value = 0;
  return file >> value ? value : otherwise;
}

/// Cores a container's quota allows, rounded up; a large number without a quota.
int quota_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || period <= 0) return std::numeric_limits<int>::max();
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

/// Number of different (socket, core) pairs among the processors this process may run on; 0 when unknown.
int allowed_physical_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  std::set<std::pair<size_t, size_t>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const size_t unknown = std::numeric_limits<size_t>::max() - static_cast<size_t>(cpu);  // then each its own core
    cores.emplace(number_in((topology + "physical_package_id").c_str(), 0),
                  number_in((topology + "core_id").c_str(), unknown));
  }
  return static_cast<int>(cores.size());
}

}  // namespace

MemoryInfo memory_info() {
  MemoryInfo memory;
  memory.total_bytes = value_of("/proc/meminfo", "MemTotal:") * 1024;
  memory.available_bytes = value_of("/proc/meminfo", "MemAvailable:") * 1024;
  const size_t limit = number_in("/sys/fs/cgroup/memory.max", 0);
  if (limit == 0) return memory;
  const size_t reclaimable = value_of("/sys/fs/cgroup/memory.stat", "inactive_file");
  const size_t used = number_in("/sys/fs/cgroup/memory.current", 0);
  const size_t held = used - std::min(used, reclaimable);
  memory.total_bytes = std::min(memory.total_bytes, limit);
  memory.available_bytes = std::min(memory.available_bytes, limit - std::min(limit, held));
  return memory;
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

int usable_cores() {
  const int physical = allowed_physical_cores();
  const int cores = physical > 0 ? physical : static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, std::min(cores, quota_cores()));
}

std::string instruction_set() {
  const auto targets = hwy::SupportedTargets() & HWY_TARGETS;
  const auto best = targets & -targets;  // a lower bit is a better target
#if HWY_ARCH_X86
  if (best <= HWY_AVX3_DL) return "AVX-512 VNNI";
  if (best == HWY_AVX3) return "AVX-512";
#endif
  return hwy::TargetName(best);
}

}  // namespace flightdeck::cpu
