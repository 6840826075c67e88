// All blocks of a kernel wait for each other. Only where every block is sure to be resident: at most one a
// multiprocessor.
#pragma once

#include <cstdint>

namespace flightdeck::cuda {

/// `word` lies in device memory, zero at first, and may be used by one kernel at a time. Its highest bit changes when the
/// last block arrives. What any thread wrote before is seen by every thread behind, past L1.
__device__ __forceinline__ void wait_for_grid(uint32_t* word) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    const uint32_t mine = blockIdx.x == 0 ? 0x80000000u - (gridDim.x - 1) : 1u;
    const uint32_t before = atomicAdd(word, mine);
    uint32_t now;
    do {
      asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(now) : "l"(word) : "memory");
    } while (((before ^ now) & 0x80000000u) == 0);
    __threadfence();
  }
  __syncthreads();
}

}  // namespace flightdeck::cuda
