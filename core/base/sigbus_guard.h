// A mapped file that another program shortens makes reads fault (SIGBUS). Guarded ranges then read as zeros and the
// fault is remembered, so that a pulled drive or a truncated model becomes an error and not the end of the program.
#pragma once

#include <cstddef>

namespace flightdeck::sigbus_guard {

/// Guards [begin, begin + size) and returns its slot, or -1 when too many files are mapped. Thread-safe.
int add(const void* begin, size_t size);
/// Must precede munmap. Thread-safe.
void remove(int slot);
/// Whether a read inside the slot's range has faulted.
bool faulted(int slot);

}  // namespace flightdeck::sigbus_guard
