// Hopper's asynchronous tensor-core products (wgmma, sm_90a): four warps multiply 64 rows by a matrix in shared memory.
// Tiles in shared memory are cut into panels of 64 halves (128 bytes a row), eight rows to a 1024-byte group, the
// 16-byte chunks of a row exchanged by chunk ^ (row % 8): the 128-byte swizzle of the hardware.
#pragma once

#include <cstdint>

namespace flightdeck::cuda {

constexpr int kPanelRowBytes = 128;
constexpr int kPanelGroupBytes = 8 * kPanelRowBytes;

/// Where 16-byte chunk `chunk` of row `row` lies in a tile of `rows` rows.
__host__ __device__ __forceinline__ int panel_offset(int row, int chunk, int rows) {
  return (chunk / 8) * rows * kPanelRowBytes + row * kPanelRowBytes + (((chunk % 8) ^ (row & 7)) << 4);
}

/// Describes an operand: `groups` bytes lead from eight rows to the next eight. For a matrix whose rows run along the
/// sum (values as the right-hand side), `panels` bytes lead from 64 columns to the next 64.
__host__ __device__ __forceinline__ uint64_t describe_panels(uint32_t address, int panels, int groups) {
  return static_cast<uint64_t>((address & 0x3ffff) >> 4) | static_cast<uint64_t>(panels >> 4) << 16 |
         static_cast<uint64_t>(groups >> 4) << 32 | uint64_t{1} << 62;
}

#if defined(__CUDACC__)
// clang-format off
#define FLIGHTDECK_ACCUMULATORS                                                                     \
  "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25," \
  "%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49," \
  "%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}"
#define FLIGHTDECK_FOUR(i) "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3])
#define FLIGHTDECK_ALL                                                                              \
  FLIGHTDECK_FOUR(0), FLIGHTDECK_FOUR(1), FLIGHTDECK_FOUR(2), FLIGHTDECK_FOUR(3), FLIGHTDECK_FOUR(4), \
  FLIGHTDECK_FOUR(5), FLIGHTDECK_FOUR(6), FLIGHTDECK_FOUR(7), FLIGHTDECK_FOUR(8), FLIGHTDECK_FOUR(9), \
  FLIGHTDECK_FOUR(10), FLIGHTDECK_FOUR(11), FLIGHTDECK_FOUR(12), FLIGHTDECK_FOUR(13),               \
  FLIGHTDECK_FOUR(14), FLIGHTDECK_FOUR(15)
// clang-format on

/// d[64 x 128] = (accumulate ? d : 0) + a[64 x 16] · b[128 x 16]ᵀ, both in shared memory with rows along the sum.
/// d: warp w of the four holds rows 16 w .. 16 w + 15 as mma.sync does, d[i] the columns 8 i .. 8 i + 7.
__device__ __forceinline__ void multiply_transposed(float (&d)[16][4], uint64_t a, uint64_t b, int accumulate) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %66, "
      "0;\nwgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 " FLIGHTDECK_ACCUMULATORS
      ", %64, %65, p, 1, 1, 0, 0;\n}\n"
      : FLIGHTDECK_ALL
      : "l"(a), "l"(b), "r"(accumulate));
#endif
}

/// d[64 x 128] += a[64 x 16] · b[16 x 128], a in registers as mma.sync has it, b in shared memory row by row.
__device__ __forceinline__ void multiply_rows(float (&d)[16][4], const uint32_t (&a)[4], uint64_t b) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, 1, "
      "0;\nwgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 " FLIGHTDECK_ACCUMULATORS
      ", {%64,%65,%66,%67}, %68, p, 1, 1, 1;\n}\n"
      : FLIGHTDECK_ALL
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
#endif
}

#undef FLIGHTDECK_ALL
#undef FLIGHTDECK_FOUR
#undef FLIGHTDECK_ACCUMULATORS

/// Keeps the compiler from moving what it does to these registers across this point.
__device__ __forceinline__ void pin(float (&d)[16][4]) {
#pragma unroll
  for (int i = 0; i < 64; ++i) asm volatile("" : "+f"(d[i / 4][i % 4])::"memory");
}
__device__ __forceinline__ void pin(uint32_t (&a)[8][4]) {
#pragma unroll
  for (int i = 0; i < 32; ++i) asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
}

/// These registers, written by ordinary instructions, may be used by the products that follow.
template <class... Registers>
__device__ __forceinline__ void begin_products(Registers&... registers) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  (pin(registers), ...);
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
__device__ __forceinline__ void commit_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}
/// Waits until at most kPending of the latest groups run; `d` is what they wrote, and is not touched before.
template <int kPending>
__device__ __forceinline__ void wait_products(float (&d)[16][4]) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
  pin(d);
#endif
}
/// Makes this thread's writes to shared memory visible to the tensor cores (before a barrier).
__device__ __forceinline__ void publish_shared() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}
#endif  // __CUDACC__

}  // namespace flightdeck::cuda
