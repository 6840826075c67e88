// NVML, the driver's own counters, opened at run time: a machine without it only shows less.
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "kernels/device_usage.h"

namespace flightdeck {
namespace {

using Handle = void*;
struct Rates {
  unsigned gpu = 0, memory = 0;
};
struct Memory {
  unsigned long long total = 0, free = 0, used = 0;
};
constexpr int kClockSm = 1, kClockMemory = 2, kTemperatureGpu = 0;

/// The functions of libnvidia-ml.so.1 used here; null without it. Never closed: other libraries may share it.
class Nvml {
 public:
  static const Nvml& get() {
    static const Nvml nvml;
    return nvml;
  }
  bool loaded() const { return loaded_; }

  int (*handle_by_bus)(const char*, Handle*) = nullptr;
  int (*rates)(Handle, Rates*) = nullptr;
  int (*memory)(Handle, Memory*) = nullptr;
  int (*power)(Handle, unsigned*) = nullptr;
  int (*power_limit)(Handle, unsigned*) = nullptr;
  int (*clock)(Handle, int, unsigned*) = nullptr;
  int (*temperature)(Handle, int, unsigned*) = nullptr;

 private:
  Nvml() {
    void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    int (*init)() = nullptr;
    const bool complete =
        find(library, "nvmlInit_v2", init) && find(library, "nvmlDeviceGetHandleByPciBusId_v2", handle_by_bus) &&
        find(library, "nvmlDeviceGetUtilizationRates", rates) && find(library, "nvmlDeviceGetMemoryInfo", memory) &&
        find(library, "nvmlDeviceGetPowerUsage", power) &&
        find(library, "nvmlDeviceGetEnforcedPowerLimit", power_limit) &&
        find(library, "nvmlDeviceGetClockInfo", clock) && find(library, "nvmlDeviceGetTemperature", temperature);
    loaded_ = complete && init() == 0;
  }
  template <class Function>
  static bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
  }
  bool loaded_ = false;
};

/// NVML counts all GPUs, CUDA only those it may see, so a device is known by its place on the bus.
Handle handle_of(int device) {
  static std::mutex mutex;
  static std::map<int, Handle> known;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = known.find(device);
  if (found != known.end()) return found->second;
  char bus[32] = {};
  Handle handle = nullptr;
  if (cudaDeviceGetPCIBusId(bus, sizeof(bus), device) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  if (Nvml::get().handle_by_bus(bus, &handle) != 0) handle = nullptr;
  return known[device] = handle;
}

}  // namespace

DeviceUsage device_usage(const std::string& device_id) {
  DeviceUsage usage;
  if (device_id.rfind("cuda:", 0) != 0 || !Nvml::get().loaded()) return usage;
  const Nvml& nvml = Nvml::get();
  const Handle handle = handle_of(std::atoi(device_id.c_str() + 5));
  if (!handle) return usage;
  Rates rates;
  Memory memory;
  unsigned value = 0;
  if (nvml.rates(handle, &rates) == 0) {
    usage.busy_percent = rates.gpu;
    usage.memory_busy_percent = rates.memory;
  }
  if (nvml.memory(handle, &memory) == 0) {
    usage.used_bytes = memory.used;
    usage.total_bytes = memory.total;
  }
  if (nvml.power(handle, &value) == 0) usage.power_w = value / 1000.0;
  if (nvml.power_limit(handle, &value) == 0) usage.power_limit_w = value / 1000.0;
  if (nvml.clock(handle, kClockSm, &value) == 0) usage.clock_mhz = static_cast<int>(value);
  if (nvml.clock(handle, kClockMemory, &value) == 0) usage.memory_clock_mhz = static_cast<int>(value);
  if (nvml.temperature(handle, kTemperatureGpu, &value) == 0) usage.temperature_c = static_cast<int>(value);
  usage.known = true;
  return usage;
}

}  // namespace flightdeck
