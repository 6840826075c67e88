// Barriers in shared memory that some warps arrive at and others wait for (mbarrier, sm_90).
#pragma once

#include <cstdint>

namespace flightdeck::cuda {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
__device__ __forceinline__ void make_barrier(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void arrive(uint32_t barrier) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.shared::cta.b64 state, [%0]; }" ::"r"(barrier) : "memory");
}
/// Without a branch: between products that run, a branch makes the compiler wait for them.
__device__ __forceinline__ void arrive_if(bool does, uint32_t barrier) {
  asm volatile(
      "{ .reg .b64 state; .reg .pred does; setp.ne.u32 does, %1, 0;\n"
      "@does mbarrier.arrive.shared::cta.b64 state, [%0]; }" ::"r"(barrier),
      "r"(static_cast<uint32_t>(does))
      : "memory");
}
/// Waits for the end of the phase with this parity: 0 is the first one's.
__device__ __forceinline__ void wait_barrier(uint32_t barrier, uint32_t parity) {
  asm volatile(
      "{ .reg .pred done;\n"
      "again_%=: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again_%=; }" ::"r"(barrier),
      "r"(parity)
      : "memory");
}
#endif

}  // namespace flightdeck::cuda
