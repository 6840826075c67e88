// What a GPU is doing, as its driver counts it (NVML). Plain values: every layer may show them.
#pragma once

#include <cstdint>
#include <string>

namespace flightdeck {

/// Of all programs together. Zero where the driver does not say.
struct DeviceUsage {
  bool known = false;
  double busy_percent = 0;         // share of the last moments in which a kernel ran
  double memory_busy_percent = 0;  // in which memory was read or written
  uint64_t used_bytes = 0;
  uint64_t total_bytes = 0;
  double power_w = 0;
  double power_limit_w = 0;
  int clock_mhz = 0;  // of the multiprocessors
  int memory_clock_mhz = 0;
  int temperature_c = 0;
};

/// Of "cuda:N"; `known` is false for other devices and where NVML is missing. Any thread; a fraction of a millisecond.
DeviceUsage device_usage(const std::string& device_id);

}  // namespace flightdeck
