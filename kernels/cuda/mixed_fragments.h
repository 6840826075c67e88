// What the kernels of mixed products on Hopper share: a lane's weights become fragments of wgmma's operand a.
#pragma once

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/mma.h"
#include "kernels/cuda/token_product.h"
#include "kernels/cuda/warpgroup_mma.h"

namespace flightdeck::cuda {

template <int kHalves, int kCount>
__device__ __forceinline__ void pin_sums(float (&d)[kHalves][kCount][4]) {
#pragma unroll
  for (int i = 0; i < kHalves * kCount * 4; ++i) {
    asm volatile("" : "+f"(d[i / 4 / kCount][i / 4 % kCount][i % 4])::"memory");
  }
}
/// Row warps need registers that loading warps do not.
template <int kCount, bool kMore>
__device__ __forceinline__ void set_registers() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  if constexpr (kMore) {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
  } else {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
  }
#endif
}
__device__ __forceinline__ void fence_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
template <int kPending>
__device__ __forceinline__ void wait_for_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
#endif
}
__device__ __forceinline__ uint2 load_shared8(uint32_t from) {
  uint2 value;
  asm volatile("ld.shared.v2.u32 {%0, %1}, [%2];" : "=r"(value.x), "=r"(value.y) : "r"(from) : "memory");
  return value;
}
__device__ __forceinline__ void store_shared4(uint32_t to, uint32_t value) {
  asm volatile("st.shared.u32 [%0], %1;" ::"r"(to), "r"(value) : "memory");
}

/// Factors of a group of columns for rows g and g + 8, as the conversion wants them.
template <class T>
struct Factors;
template <>
struct Factors<__half> {
  // Raw nibbles are denormals, n * 2^-24, or n * 2^-20 where they lie four bits higher. One fma makes them
  // (n - 8) * factor * 2^-9, rounded once; factors are at most 1, so that the products stay in range.
  static constexpr float kSumScale = 512;
  uint32_t low, high, low_zero, high_zero;

  __device__ __forceinline__ explicit Factors(uint32_t both) {
    const uint32_t g = __byte_perm(both, 0, 0x1010), g8 = __byte_perm(both, 0, 0x3232);
    low = times(g, 0x78007800u);       // 2^15
    high = times(g8, 0x68006800u);     // 2^11
    low_zero = times(g, 0xa400a400u);  // -8 * 2^-9
    high_zero = times(g8, 0xa400a400u);
  }
  __device__ __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) const {
    const uint32_t upper = word >> 8;
    a[0] = fma(word & 0x000f000fu, low, low_zero);
    a[1] = fma(word & 0x00f000f0u, high, high_zero);
    a[2] = fma(upper & 0x000f000fu, low, low_zero);
    a[3] = fma(upper & 0x00f000f0u, high, high_zero);
  }
  __device__ static __forceinline__ uint32_t times(uint32_t a, uint32_t b) {
    uint32_t result;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
  __device__ static __forceinline__ uint32_t fma(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t result;
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
  }
};
template <>
struct Factors<__nv_bfloat16> {
  static constexpr float kSumScale = 1;
  uint32_t low, high;

  __device__ __forceinline__ explicit Factors(uint32_t both) {
    const float2 factor = __half22float2(*reinterpret_cast<const __half2*>(&both));
    const __nv_bfloat162 g = __float2bfloat162_rn(factor.x), g8 = __float2bfloat162_rn(factor.y);
    low = *reinterpret_cast<const uint32_t*>(&g);
    high = *reinterpret_cast<const uint32_t*>(&g8);
  }
  __device__ __forceinline__ void fragment(uint32_t word, uint32_t (&a)[4]) const {
    int4_fragment(word, a, __nv_bfloat16{});
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      asm("fma.rn.bf16x2 %0, %0, %1, %2;" : "+r"(a[i]) : "r"(i % 2 ? high : low), "r"(0x80008000u));
    }
  }
};

/// A lane's weights of 16 rows in one step, and their factors: taken out of the ring at once, or, where registers are
/// short, piece by piece.
template <class T, Packing kPacking, int kScales, bool kAtOnce, int kGroupBytes>
struct RowWeights {
  static constexpr bool kInt8 = kPacking == Packing::int8_rows;
  static constexpr int kVectors = kInt8 ? 4 : 2;  // of 16 bytes
  uint32_t vectors_at, factors_at;
  int groups;  // factors a row, when kScales is 4: of each, kGroupBytes
  uint4 vectors[kAtOnce ? kVectors : 1];
  Factors<T> factors;

  __device__ __forceinline__ RowWeights(uint32_t vectors_from, uint32_t factors_from, int factor_groups)
      : vectors_at(vectors_from),
        factors_at(factors_from),
        groups(factor_groups),
        factors(kAtOnce && kScales == 1 ? load_shared4(factors_from) : 0) {
    if constexpr (kAtOnce) {
#pragma unroll
      for (int v = 0; v < kVectors; ++v) vectors[v] = load_shared16(vectors_at + v * 512);
    }
  }
  /// Fragments [first, first + kCount) of eight, 16 columns each.
  template <int kCount>
  __device__ __forceinline__ void find(int first, uint32_t (&a)[kCount][4]) {
#pragma unroll
    for (int f = 0; f < kCount; f += 2) {
      const int block = (first + f) / 2;  // of 32 columns
      if constexpr (kInt8) {
        const uint4 v = kAtOnce ? vectors[kAtOnce ? block : 0] : load_shared16(vectors_at + block * 512);
        a[f][0] = int8_pair<false>(v.x, T{}), a[f][1] = int8_pair<false>(v.y, T{});
        a[f][2] = int8_pair<true>(v.x, T{}), a[f][3] = int8_pair<true>(v.y, T{});
        a[f + 1][0] = int8_pair<false>(v.z, T{}), a[f + 1][1] = int8_pair<false>(v.w, T{});
        a[f + 1][2] = int8_pair<true>(v.z, T{}), a[f + 1][3] = int8_pair<true>(v.w, T{});
      } else {
        uint2 v;
        if constexpr (kAtOnce) {
          const uint4 both = vectors[block / 2];
          v = block % 2 ? make_uint2(both.z, both.w) : make_uint2(both.x, both.y);
        } else {
          v = load_shared8(vectors_at + block / 2 * 512 + block % 2 * 8);
        }
        if (!kAtOnce || kScales == 4)
          factors = Factors<T>(load_shared4(factors_at + (kScales == 4 ? block * groups / 4 * kGroupBytes : 0)));
        factors.fragment(v.x, a[f]);
        factors.fragment(v.y, a[f + 1]);
      }
    }
  }
};

/// Products of fragments of 16 columns each, started; `tokens` is token_words() of where the columns begin.
template <class T, int kTokens, int kCount>
__device__ __forceinline__ void start_products(float (&sums)[kTokens / 8][4], uint32_t (&a)[kCount][4],
                                               uint32_t tokens) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#pragma unroll
  for (int i = 0; i < kCount * 4; ++i) asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
  fence_products();
#pragma unroll
  for (int i = 0; i < kCount; ++i) TokenProduct<T, kTokens>::add(sums, a[i], tokens + i * 2);
  commit_products();
#endif
}

}  // namespace flightdeck::cuda
