// Memory for vectors: aligned to a cache line, in huge pages where it is large, freed by itself.
#pragma once

#include <cstddef>

#include "kernels/backend.h"

namespace flightdeck::cpu {

/// Throws DeviceOutOfMemory naming `purpose` when the machine has less than that left. Content undefined.
Buffer allocate_aligned(size_t bytes, const char* purpose);

}  // namespace flightdeck::cpu
