// Rotary embedding, alone and fused with the write into the cache.
#include "kernels/cuda/cache_slot.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 128;

/// V pairs of one head, half a rotation apart: from T, rounded once to Out (a bfloat16 key goes to its float16 place
/// without a stop in bfloat16).
template <class Out, class T, int V>
__device__ __forceinline__ void rotate(const T* from, int half, const float* row, Pack<Out, V>& low, Pack<Out, V>& high) {
  float cosine[V], sine[V];
  load_constants<V>(row, cosine);
  load_constants<V>(row + half, sine);
  const Pack<T, V> first = load<T, V>(from), second = load<T, V>(from + half);
#pragma unroll
  for (int i = 0; i < V; ++i) {
    const float x = to_float(first.values[i]), y = to_float(second.values[i]);
    low.values[i] = from_float<Out>(x * cosine[i] - y * sine[i]);
    high.values[i] = from_float<Out>(y * cosine[i] + x * sine[i]);
  }
}

template <class Out, class T, int V>
__device__ __forceinline__ void rotate_into(Out* to, const T* from, int half, const float* row) {
  Pack<Out, V> low, high;
  rotate<Out, T, V>(from, half, row, low, high);
  store<Out, V>(to, low);
  store<Out, V>(to + half, high);
}

/// Grid [tokens, parts]: V pairs a thread, in place.
template <class T, int V>
__global__ void __launch_bounds__(kThreads)
    rope_rows(T* x, int stride, int heads, int head_dim, int half, const float* table, const int32_t* positions) {
  let_next_start();
  wait_for_inputs();
  const int item = static_cast<int>(blockIdx.y * kThreads + threadIdx.x), items = half / V;
  if (item >= heads * items) return;
  const int at = item % items * V;
  const float* row = table + static_cast<size_t>(positions[blockIdx.x]) * (2 * half);
  T* from = x + static_cast<size_t>(blockIdx.x) * stride + item / items * head_dim + at;
  rotate_into<T, T, V>(from, from, half, row + at);
}

/// Grid [tokens, parts]. A thread has one of, in this order: V rotated pairs of a query or key head; V key values that
/// are not rotated (rotary_dim < head_dim); V values of a value head.
template <class T, int V>
__global__ void __launch_bounds__(kThreads)
    rope_cache_rows(CachePlace place, T* qkv, int stride, int heads, int half, const float* table) {
  let_next_start();
  wait_for_inputs();
  const int token = static_cast<int>(blockIdx.x), dim = place.head_dim, kv_heads = place.kv_heads;
  int item = static_cast<int>(blockIdx.y * kThreads + threadIdx.x);
  T* row = qkv + static_cast<size_t>(token) * stride;
  const int pairs = half / V, rotated = (heads + kv_heads) * pairs;
  if (item < rotated) {
    const int head = item / pairs, at = item % pairs * V;
    T* from = row + head * dim + at;
    const float* angles = table + static_cast<size_t>(place.positions[token]) * (2 * half) + at;
    if (head < heads) {
      rotate_into<T, T, V>(from, from, half, angles);
    } else {
      rotate_into<__half, T, V>(place.keys + cache_slot(place, token, head - heads) + at, from, half, angles);
    }
    return;
  }
  item -= rotated;
  const int plain = (dim - 2 * half) / V;
  if (item < kv_heads * plain) {
    const int head = item / plain, at = 2 * half + item % plain * V;
    store_in_cache(place.keys + cache_slot(place, token, head) + at, load<T, V>(row + (heads + head) * dim + at));
    return;
  }
  item -= kv_heads * plain;
  const int head = item / (dim / V), at = item % (dim / V) * V;
  if (head < kv_heads)
    store_in_cache(place.values + cache_slot(place, token, head) + at,
                   load<T, V>(row + (heads + kv_heads + head) * dim + at));
}

bool rope_vectorizes(const Matrix& x, int head_dim, int rotary_dim, const float* table) {
  return aligned16(x.data) && x.stride % 8 == 0 && head_dim % 8 == 0 && rotary_dim % 16 == 0 && aligned16(table);
}

}  // namespace

void rope(const RopeArgs& args, Context& context) {
  if (args.x.rows == 0) return;
  const int half = args.rotary_dim / 2;
  with_width(args.x.dtype, rope_vectorizes(args.x, args.head_dim, args.rotary_dim, args.table),
             [&](auto type, auto width) {
               using T = decltype(type);
               constexpr int V = decltype(width)::value;
               const dim3 grid(static_cast<unsigned>(args.x.rows),
                               blocks_for(static_cast<size_t>(args.heads * (half / V)), kThreads));
               launch(context, rope_rows<T, V>, grid, dim3(kThreads), 0, static_cast<T*>(args.x.data), args.x.stride,
                      args.heads, args.head_dim, half, args.table, args.positions);
             });
}

void rope_cache_write(const RopeCacheWriteArgs& args, Context& context) {
  if (args.batch.tokens == 0) return;
  const CachePlace place = place_of(args.cache, args.batch);
  const int half = args.rotary_dim / 2, dim = args.cache.head_dim, kv_heads = args.cache.kv_heads;
  with_width(args.qkv.dtype, rope_vectorizes(args.qkv, dim, args.rotary_dim, args.table), [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int V = decltype(width)::value;
    const int items = (args.heads + kv_heads) * (half / V) + kv_heads * ((dim - 2 * half) / V) + kv_heads * (dim / V);
    const dim3 grid(static_cast<unsigned>(args.batch.tokens), blocks_for(static_cast<size_t>(items), kThreads));
    launch(context, rope_cache_rows<T, V>, grid, dim3(kThreads), 0, place, static_cast<T*>(args.qkv.data),
           args.qkv.stride, args.heads, half, args.table);
  });
}

}  // namespace flightdeck::cuda
