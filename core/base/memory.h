// Memory of this process and of the machine, from /proc. 0 where the system does not say. Thread-safe.
#pragma once

#include <cstdint>

namespace flightdeck {

uint64_t process_memory_bytes();       // resident now
uint64_t process_peak_memory_bytes();  // resident at most so far
uint64_t total_memory_bytes();         // of the machine
uint64_t available_memory_bytes();     // what can still be taken without swapping

}  // namespace flightdeck
