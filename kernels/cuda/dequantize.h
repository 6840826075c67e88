// Packed weights to fragments of mma.m16n8k16, in registers. int8 and int4 become the whole numbers -128..127 and
// -8..7, exact in float16 and bfloat16; scales are applied to the float32 sums.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/packed_layout.h"

namespace flightdeck::cuda {

/// (a & b) ^ c or (a & b) | c in one instruction.
template <uint32_t kMask, uint32_t kOr>
__device__ __forceinline__ uint32_t and_or(uint32_t value) {
  uint32_t result;
  asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(result) : "r"(value), "n"(kMask), "n"(kOr));
  return result;
}
template <uint32_t kMask, uint32_t kXor>
__device__ __forceinline__ uint32_t and_xor(uint32_t value) {
  uint32_t result;
  asm("lop3.b32 %0, %1, %2, %3, 0x6a;" : "=r"(result) : "r"(value), "n"(kMask), "n"(kXor));
  return result;
}
__device__ __forceinline__ uint32_t subtract(uint32_t a, uint32_t b, __half) {
  uint32_t result;
  asm("sub.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
__device__ __forceinline__ uint32_t subtract(uint32_t a, uint32_t b, __nv_bfloat16) {
  // b * -1 + a: exact here, and sm_80 has no bfloat16 subtraction.
  uint32_t result;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(b), "r"(0xbf80bf80u), "r"(a));
  return result;
}

/// Two of the four bytes (value + 128) of `word`: bytes 0 and 1, or 2 and 3.
template <bool kUpper>
__device__ __forceinline__ uint32_t int8_pair(uint32_t word, __half) {
  // 0x6400 | u is 1024 + u.
  return subtract(__byte_perm(word, 0x64646464u, kUpper ? 0x4342 : 0x4140), 0x64806480u, __half{});
}
template <bool kUpper>
__device__ __forceinline__ uint32_t int8_pair(uint32_t word, __nv_bfloat16) {
  // bfloat16 has 7 bits behind the leading one: 0x4300 | low 7 bits is 128 + low, from which 256 is taken, or 128 when
  // the eighth bit is set.
  const uint32_t pair = __byte_perm(word, 0x43434343u, kUpper ? 0x4342 : 0x4140);
  return subtract(and_or<0xff7fff7fu, 0>(pair), and_xor<0xff80ff80u, 0x00800080u>(pair), __nv_bfloat16{});
}

/// One 32-bit word of int4 is one fragment.
__device__ __forceinline__ void int4_fragment(uint32_t word, uint32_t (&a)[4], __half) {
  const uint32_t upper = word >> 8;
  const uint32_t odd0 = and_or<0x00f000f0u, 0x64006400u>(word);  // 1024 + 16 n
  const uint32_t odd1 = and_or<0x00f000f0u, 0x64006400u>(upper);
  a[0] = subtract(and_or<0x000f000fu, 0x64006400u>(word), 0x64086408u, __half{});
  a[2] = subtract(and_or<0x000f000fu, 0x64006400u>(upper), 0x64086408u, __half{});
  // (1024 + 16 n) / 16 - 72 = n - 8
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(a[1]) : "r"(odd0), "r"(0x2c002c00u), "r"(0xd480d480u));
  asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(a[3]) : "r"(odd1), "r"(0x2c002c00u), "r"(0xd480d480u));
}
__device__ __forceinline__ void int4_fragment(uint32_t word, uint32_t (&a)[4], __nv_bfloat16) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {  // 0x4300 | n is 128 + n
    a[i] = subtract(and_or<0x000f000fu, 0x43004300u>(word >> (4 * i)), 0x43084308u, __nv_bfloat16{});
  }
}

/// Int4 as it comes out of the word with the fewest instructions: value = (raw - kZero) * scale of the row, where rows
/// g + 8 may have another scale than rows g. The caller takes kZero times the sum of the activations away.
template <class T>
struct RawInt4;
template <>
struct RawInt4<__half> {  // denormals: n * 2^-24, and n * 2^-20 where the nibble lies four bits higher
  static constexpr float kLowScale = 16777216.0f;
  static constexpr float kHighScale = 1048576.0f;
  static constexpr float kZero = 8;
  __device__ static __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) {
    const uint32_t upper = word >> 8;
    a[0] = word & 0x000f000fu;
    a[1] = word & 0x00f000f0u;
    a[2] = upper & 0x000f000fu;
    a[3] = upper & 0x00f000f0u;
  }
};
template <>
struct RawInt4<__nv_bfloat16> {  // 128 + n: products with denormals would leave the range of float32
  static constexpr float kLowScale = 1;
  static constexpr float kHighScale = 1;
  static constexpr float kZero = 136;
  __device__ static __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) a[i] = and_or<0x000f000fu, 0x43004300u>(word >> (4 * i));
  }
};
/// Both fragments of a 32-column block from the 16-byte vectors a lane has loaded of one tile of rows.
/// dense: vectors 2b and 2b + 1 are rows g and g + 8; int8: vector b; int4: vector b / 2.
template <class T, Packing kPacking, int kVectors>
__device__ __forceinline__ void load_fragments(const uint4 (&vectors)[kVectors], int block, uint32_t (&a)[2][4]) {
  if constexpr (kPacking == Packing::dense) {
    const uint4 low = vectors[2 * block];
    const uint4 high = vectors[2 * block + 1];
    a[0][0] = low.x, a[0][1] = high.x, a[0][2] = low.y, a[0][3] = high.y;
    a[1][0] = low.z, a[1][1] = high.z, a[1][2] = low.w, a[1][3] = high.w;
  } else if constexpr (kPacking == Packing::int8_rows) {
    const uint4 v = vectors[block];
    a[0][0] = int8_pair<false>(v.x, T{}), a[0][1] = int8_pair<false>(v.y, T{});
    a[0][2] = int8_pair<true>(v.x, T{}), a[0][3] = int8_pair<true>(v.y, T{});
    a[1][0] = int8_pair<false>(v.z, T{}), a[1][1] = int8_pair<false>(v.w, T{});
    a[1][2] = int8_pair<true>(v.z, T{}), a[1][3] = int8_pair<true>(v.w, T{});
  } else {
    const uint4 v = vectors[block / 2];
    int4_fragment(block % 2 ? v.z : v.x, a[0], T{});
    int4_fragment(block % 2 ? v.w : v.y, a[1], T{});
  }
}

}  // namespace flightdeck::cuda
