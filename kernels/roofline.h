// What the machine can do at best, measured: the ceiling that `bench --roofline` compares with.
#pragma once

#include <string>

namespace flightdeck {

/// Bytes a second at which `threads` threads together read memory far larger than the caches; the best of several
/// passes. Takes about a second and 512 MiB; 0 when that memory is not to be had. Thread-safe.
double measure_read_bandwidth(int threads);

struct DeviceCeilings {
  double read_bytes_per_s = 0;  // a kernel that only reads, over 4 GiB (less where less is free)
  double gemm_flops = 0;        // float16 matrix product of 8192 x 8192 x 8192 with float32 sums, by cuBLASLt
};
/// Of "cuda:N"; zeros where it cannot be measured. Takes about a second. Thread-safe.
DeviceCeilings measure_device_ceilings(const std::string& device_id);

}  // namespace flightdeck
