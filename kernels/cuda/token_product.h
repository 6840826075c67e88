// Hopper's asynchronous tensor-core products (wgmma, sm_90a) with the weights' fragments in registers and 16 to 128
// tokens in shared memory, rows along the sum, as describe_panels() of warpgroup_mma.h has it.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace flightdeck::cuda {

#if defined(__CUDACC__)
/// The lower word of the description of tokens at this address; 16 columns further is 2 more. The upper word is always
/// the same: eight rows a 1024-byte group, 128-byte swizzle.
__device__ __forceinline__ uint32_t token_words(uint32_t address) { return ((address & 0x3ffff) >> 4) | 1 << 16; }

template <class T, int kTokens>
struct TokenProduct;

// clang-format off
#define FLIGHTDECK_FOUR(i) "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3])
#define FLIGHTDECK_ALL_16 FLIGHTDECK_FOUR(0), FLIGHTDECK_FOUR(1)
#define FLIGHTDECK_REGISTERS_16 "{%0,%1,%2,%3,%4,%5,%6,%7}"
#define FLIGHTDECK_ALL_32 FLIGHTDECK_FOUR(0), FLIGHTDECK_FOUR(1), FLIGHTDECK_FOUR(2), FLIGHTDECK_FOUR(3)
#define FLIGHTDECK_REGISTERS_32 "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15}"
#define FLIGHTDECK_ALL_64 FLIGHTDECK_FOUR(0), FLIGHTDECK_FOUR(1), FLIGHTDECK_FOUR(2), FLIGHTDECK_FOUR(3), \
  FLIGHTDECK_FOUR(4), FLIGHTDECK_FOUR(5), FLIGHTDECK_FOUR(6), FLIGHTDECK_FOUR(7)
#define FLIGHTDECK_REGISTERS_64 "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23," \
  "%24,%25,%26,%27,%28,%29,%30,%31}"
#define FLIGHTDECK_ALL_128 FLIGHTDECK_FOUR(0), FLIGHTDECK_FOUR(1), FLIGHTDECK_FOUR(2), FLIGHTDECK_FOUR(3), \
  FLIGHTDECK_FOUR(4), FLIGHTDECK_FOUR(5), FLIGHTDECK_FOUR(6), FLIGHTDECK_FOUR(7), \
  FLIGHTDECK_FOUR(8), FLIGHTDECK_FOUR(9), FLIGHTDECK_FOUR(10), FLIGHTDECK_FOUR(11), \
  FLIGHTDECK_FOUR(12), FLIGHTDECK_FOUR(13), FLIGHTDECK_FOUR(14), FLIGHTDECK_FOUR(15)
#define FLIGHTDECK_REGISTERS_128 "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23," \
  "%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47," \
  "%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63}"
#define FLIGHTDECK_PRODUCT(T, NAME, N, A0, A1, A2, A3, B)                                             \
  template <>                                                                                        \
  struct TokenProduct<T, N> {                                                                        \
    static __device__ __forceinline__ void add(float (&d)[N / 8][4], const uint32_t (&a)[4], uint32_t b) { \
      asm volatile("{\n.reg .pred p;\n.reg .b64 b;\nsetp.ne.b32 p, 1, 0;\nmov.b64 b, {" B ", 0x40000040};\nwgmma.mma_async.sync.aligned.m64n" #N     \
                   "k16.f32." NAME "." NAME " " FLIGHTDECK_REGISTERS_##N ", {" A0 "," A1 "," A2 "," A3 \
                   "}, b, p, 1, 1, 0;\n}\n"                                                      \
                   : FLIGHTDECK_ALL_##N                                                              \
                   : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b));                            \
    }                                                                                                \
  };

/// d[64 x tokens] += a[64 x 16] · b[tokens x 16]ᵀ: warp w of the four has rows 16 w .. 16 w + 15 of a and d as mma.sync
/// has them, d[i] the tokens 8 i .. 8 i + 7. b: token_words() of where the tokens' 16 columns begin.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
FLIGHTDECK_PRODUCT(__half, "f16", 16, "%8", "%9", "%10", "%11", "%12")
FLIGHTDECK_PRODUCT(__half, "f16", 32, "%16", "%17", "%18", "%19", "%20")
FLIGHTDECK_PRODUCT(__half, "f16", 64, "%32", "%33", "%34", "%35", "%36")
FLIGHTDECK_PRODUCT(__half, "f16", 128, "%64", "%65", "%66", "%67", "%68")
FLIGHTDECK_PRODUCT(__nv_bfloat16, "bf16", 16, "%8", "%9", "%10", "%11", "%12")
FLIGHTDECK_PRODUCT(__nv_bfloat16, "bf16", 32, "%16", "%17", "%18", "%19", "%20")
FLIGHTDECK_PRODUCT(__nv_bfloat16, "bf16", 64, "%32", "%33", "%34", "%35", "%36")
FLIGHTDECK_PRODUCT(__nv_bfloat16, "bf16", 128, "%64", "%65", "%66", "%67", "%68")
#endif
#undef FLIGHTDECK_PRODUCT
#undef FLIGHTDECK_ALL_16
#undef FLIGHTDECK_REGISTERS_16
#undef FLIGHTDECK_ALL_32
#undef FLIGHTDECK_REGISTERS_32
#undef FLIGHTDECK_ALL_64
#undef FLIGHTDECK_REGISTERS_64
#undef FLIGHTDECK_ALL_128
#undef FLIGHTDECK_REGISTERS_128
#undef FLIGHTDECK_FOUR
// clang-format on
#endif  // __CUDACC__

}  // namespace flightdeck::cuda
