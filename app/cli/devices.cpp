#include <thread>

#include "app/cli/commands.h"
#include "app/cli/terminal.h"
#include "core/base/memory.h"
#include "kernels/backend.h"
#include "kernels/roofline.h"

namespace flightdeck::cli {
namespace {

void print(const DeviceInfo& info) {
  fmt::print("{}: {}\n  memory {}, {} free\n", info.id, info.name, humanBytes(info.total_bytes),
             humanBytes(info.free_bytes));
}

Result<int> devices(bool measure) {
  const std::unique_ptr<Backend> cpu = make_cpu_backend();
  print(cpu->info());
  if (measure) {
    const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    fmt::print("  read bandwidth {:.1f} GB/s with {} threads\n", measure_read_bandwidth(threads) / 1e9, threads);
  }
  for (int i = 0; i < cuda_device_count(); ++i) print(make_cuda_backend({.device = i})->info());
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
