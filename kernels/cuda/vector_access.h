// Sixteen bytes of activations a thread where rows and pointers allow it, single values where they do not.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/activation_type.h"

namespace flightdeck::cuda {

/// V neighbouring values, loaded and stored at once.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T values[V];
};

template <class T, int V>
__device__ __forceinline__ Pack<T, V> load(const T* from) {
  return *reinterpret_cast<const Pack<T, V>*>(from);
}
template <class T, int V>
__device__ __forceinline__ void store(T* to, const Pack<T, V>& pack) {
  *reinterpret_cast<Pack<T, V>*>(to) = pack;
}
/// V float32 values that no kernel writes: norm weights, rotary tables.
template <int V>
__device__ __forceinline__ void load_constants(const float* from, float (&to)[V]) {
  if constexpr (V % 4 == 0) {
#pragma unroll
    for (int i = 0; i < V; i += 4) {
      const float4 four = __ldg(reinterpret_cast<const float4*>(from + i));
      to[i] = four.x;
      to[i + 1] = four.y;
      to[i + 2] = four.z;
      to[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < V; ++i) to[i] = __ldg(from + i);
  }
}

inline bool aligned16(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }
/// Every row of `cols` values starts at, and consists of, whole groups of 8.
inline bool vectorizes(const Matrix& matrix) {
  return aligned16(matrix.data) && matrix.stride % 8 == 0 && matrix.cols % 8 == 0;
}

/// Calls run(T{}, width) with width an integral_constant of 8 or 1.
template <class Run>
void with_width(DType dtype, bool wide, Run&& run) {
  with_activation_type(dtype, [&](auto type) {
    if (wide) {
      run(type, std::integral_constant<int, 8>());
    } else {
      run(type, std::integral_constant<int, 1>());
    }
  });
}

constexpr unsigned blocks_for(size_t items, size_t block) { return static_cast<unsigned>((items + block - 1) / block); }

}  // namespace flightdeck::cuda
