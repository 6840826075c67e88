// Copies of contiguous bytes into shared memory by Hopper's copy engine: one instruction of one lane, and unlike
// cp.async they do not stand in the way of the multiprocessor's other loads.
#pragma once

#include "kernels/cuda/barrier.h"

namespace flightdeck::cuda {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
constexpr bool kHasBulkCopies = true;

/// Makes barriers of this thread known to the copy engine.
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
/// Arrives at the barrier, whose phase ends when that many bytes have come, too.
__device__ __forceinline__ void expect_bytes(uint32_t barrier, uint32_t bytes) {
  asm volatile("{ .reg .b64 state; mbarrier.arrive.expect_tx.shared::cta.b64 state, [%0], %1; }" ::"r"(barrier),
               "r"(bytes)
               : "memory");
}
/// Addresses and bytes are multiples of 16.
__device__ __forceinline__ void copy_bulk(uint32_t to, const void* from, uint32_t bytes, uint32_t barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
               "l"(from), "r"(bytes), "r"(barrier)
               : "memory");
}
#else
constexpr bool kHasBulkCopies = false;

__device__ __forceinline__ void make_barrier(uint32_t, int) {}
__device__ __forceinline__ void wait_barrier(uint32_t, uint32_t) {}
__device__ __forceinline__ void publish_barriers() {}
__device__ __forceinline__ void expect_bytes(uint32_t, uint32_t) {}
__device__ __forceinline__ void copy_bulk(uint32_t, const void*, uint32_t, uint32_t) {}
#endif

}  // namespace flightdeck::cuda
