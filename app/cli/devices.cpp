#include <thread>

#include "app/cli/commands.h"
#include "app/cli/terminal.h"
#include "core/base/memory.h"
#include "kernels/backend.h"
#include "kernels/device_usage.h"
#include "kernels/roofline.h"

namespace flightdeck::cli {
namespace {

void print(const DeviceInfo& info) {
  fmt::print("{}: {}\n  memory {}, {} free\n", info.id, info.name, humanBytes(info.total_bytes),
             humanBytes(info.free_bytes));
}

/// What a GPU is and does now. One that cannot be used says why.
void printGpu(int device, bool measure) {
  const std::string id = "cuda:" + std::to_string(device);
  try {
    print(make_cuda_backend({.device = device})->info());
  } catch (const DeviceError& error) {
    fmt::print("{}: {}\n", id, error.what());
    return;
  }
  if (const DeviceUsage usage = device_usage(id); usage.known) {
    fmt::print("  busy {:.0f} %, memory bus {:.0f} %, {:.0f} of {:.0f} W, {} MHz, memory {} MHz, {} °C\n",
               usage.busy_percent, usage.memory_busy_percent, usage.power_w, usage.power_limit_w, usage.clock_mhz,
               usage.memory_clock_mhz, usage.temperature_c);
  }
  if (!measure) return;
  const DeviceCeilings ceilings = measure_device_ceilings(id);
  fmt::print("  read bandwidth {:.1f} GB/s, float16 matrix products {:.1f} TFLOP/s\n", ceilings.read_bytes_per_s / 1e9,
             ceilings.gemm_flops / 1e12);
}

Result<int> devices(bool measure) {
  const std::unique_ptr<Backend> cpu = make_cpu_backend();
  print(cpu->info());
  if (measure) {
    const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    fmt::print("  read bandwidth {:.1f} GB/s with {} threads\n", measure_read_bandwidth(threads) / 1e9, threads);
  }
  for (int i = 0; i < cuda_device_count(); ++i) printGpu(i, measure);
  fmt::print("cuda: {}\n", cuda_status());
  return 0;
}

}  // namespace

void addDevices(CLI::App& program, Action& action) {
  const auto measure = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand("devices", "What engines can run on");
  command->add_flag("--measure", *measure, "Measure the memory's read bandwidth, about a second");
  command->callback([measure, &action] { action = [measure] { return devices(*measure); }; });
}

}  // namespace flightdeck::cli
