// Copies keys and values into their cache blocks.
#include "kernels/cuda/cache_slot.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 128;

/// Grid [tokens, parts]: V values of keys and of values a thread.
template <class T, int V>
__global__ void __launch_bounds__(kThreads)
    write_rows(CachePlace place, const T* k, int k_stride, const T* v, int v_stride, int width) {
  let_next_start();
  wait_for_inputs();
  const int token = static_cast<int>(blockIdx.x);
  const int at = static_cast<int>(blockIdx.y * kThreads + threadIdx.x) * V;
  if (at >= width) return;
  const size_t slot = cache_slot(place, token, at / place.head_dim) + at % place.head_dim;
  store_in_cache(place.keys + slot, load<T, V>(k + static_cast<size_t>(token) * k_stride + at));
  store_in_cache(place.values + slot, load<T, V>(v + static_cast<size_t>(token) * v_stride + at));
}

}  // namespace

void cache_write(const CacheWriteArgs& args, Context& context) {
  if (args.batch.tokens == 0) return;
  const CachePlace place = place_of(args.cache, args.batch);
  const bool wide = vectorizes(args.k) && vectorizes(args.v) && args.cache.head_dim % 8 == 0;
  with_width(args.k.dtype, wide, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int V = decltype(width)::value;
    const dim3 grid(static_cast<unsigned>(args.batch.tokens),
                    blocks_for(static_cast<size_t>(args.k.cols / V), kThreads));
    launch(context, write_rows<T, V>, grid, dim3(kThreads), 0, place, static_cast<const T*>(args.k.data), args.k.stride,
           static_cast<const T*>(args.v.data), args.v.stride, args.k.cols);
  });
}

}  // namespace flightdeck::cuda
