// What the processor is called, how many cores and how much memory this process may use. Thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace flightdeck::cpu {

struct MemoryInfo {
  size_t total_bytes = 0;
  size_t available_bytes = 0;
};

/// Of the machine, or of the container where that has less.
MemoryInfo memory_info();
/// "AMD EPYC"; "CPU" where the system does not tell.
std::string processor_name();
/// Physical cores this process may run on, at least 1.
int usable_cores();
/// The instruction set the kernels run with here: "AVX-512 VNNI", "AVX2", …
std::string instruction_set();

}  // namespace flightdeck::cpu
