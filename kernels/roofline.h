// What the machine can do at best, measured: the ceiling that `bench --roofline` compares with.
#pragma once

namespace flightdeck {

/// Bytes a second at which `threads` threads together read memory far larger than the caches; the best of several
/// passes. Takes about a second and 512 MiB; 0 when that memory is not to be had. Thread-safe.
double measure_read_bandwidth(int threads);

}  // namespace flightdeck
