// Root mean square norm, alone and after the addition of a residual: one block a row, the row in registers.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

constexpr int kHeld = 2;  // packs a thread keeps; what a wider row has beyond them is read twice

/// Sum over the block, for every thread of it.
__device__ __forceinline__ float block_sum(float value) {
  __shared__ float of_warp[32];
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_xor_sync(~0u, value, lane);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? of_warp[threadIdx.x % 32] : 0.0f;
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_xor_sync(~0u, value, lane);
  return value;
}

template <class T, int V>
__device__ __forceinline__ float squares(const Pack<T, V>& pack) {
  float sum = 0;
#pragma unroll
  for (int i = 0; i < V; ++i) {
    const float x = to_float(pack.values[i]);
    sum = fmaf(x, x, sum);
  }
  return sum;
}

/// in += delta where there is one; the sum is rounded before it is squared, as it is read again by later layers.
template <class T, int V>
__device__ __forceinline__ Pack<T, V> take(T* in, const T* delta, int at) {
  Pack<T, V> pack = load<T, V>(in + at);
  if (delta) {
    const Pack<T, V> more = load<T, V>(delta + at);
#pragma unroll
    for (int i = 0; i < V; ++i) pack.values[i] = from_float<T>(to_float(pack.values[i]) + to_float(more.values[i]));
    store<T, V>(in + at, pack);
  }
  return pack;
}

template <class T, int V>
__device__ __forceinline__ void put(T* out, Pack<T, V> pack, const float (&weight)[V], float factor) {
#pragma unroll
  for (int i = 0; i < V; ++i) pack.values[i] = from_float<T>(to_float(pack.values[i]) * factor * weight[i]);
  store<T, V>(out, pack);
}

/// One block a row. delta is null for the plain norm; n is a multiple of V.
template <class T, int V>
__global__ void __launch_bounds__(1024) norm_rows(T* out, int out_stride, T* in, int in_stride, const T* delta,
                                                  int delta_stride, const float* weight, float eps, int n) {
  let_next_start();
  const int packs = n / V, step = static_cast<int>(blockDim.x), thread = static_cast<int>(threadIdx.x);
  float factors[kHeld][V];
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    if (thread + i * step < packs) load_constants<V>(weight + (thread + i * step) * V, factors[i]);
  }
  wait_for_inputs();
  const size_t row = blockIdx.x;
  in += row * in_stride;
  out += row * out_stride;
  if (delta) delta += row * delta_stride;
  Pack<T, V> held[kHeld];
  float sum = 0;
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    const int pack = thread + i * step;
    if (pack >= packs) continue;
    held[i] = take<T, V>(in, delta, pack * V);
    sum += squares<T, V>(held[i]);
  }
  for (int pack = thread + kHeld * step; pack < packs; pack += step)
    sum += squares<T, V>(take<T, V>(in, delta, pack * V));
  const float factor = 1.0f / sqrtf(block_sum(sum) / static_cast<float>(n) + eps);
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    const int pack = thread + i * step;
    if (pack < packs) put<T, V>(out + pack * V, held[i], factors[i], factor);
  }
  for (int pack = thread + kHeld * step; pack < packs; pack += step) {
    float rest[V];
    load_constants<V>(weight + pack * V, rest);
    put<T, V>(out + pack * V, load<T, V>(in + pack * V), rest, factor);
  }
}

void run(const Matrix& out, const Matrix& in, const Matrix* delta, const float* weight, float eps, Context& context) {
  if (in.rows == 0) return;
  const bool wide = vectorizes(in) && vectorizes(out) && aligned16(weight) && (!delta || vectorizes(*delta));
  with_width(in.dtype, wide, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int V = decltype(width)::value;
    const unsigned threads = std::min(1024u, blocks_for(static_cast<size_t>(in.cols / V), 32) * 32);
    launch(context, norm_rows<T, V>, dim3(static_cast<unsigned>(in.rows)), dim3(threads), 0, static_cast<T*>(out.data),
           out.stride, static_cast<T*>(in.data), in.stride, delta ? static_cast<const T*>(delta->data) : nullptr,
           delta ? delta->stride : 0, weight, eps, in.cols);
  });
}

}  // namespace

void rms_norm(const RmsNormArgs& args, Context& context) {
  run(args.out, args.in, nullptr, args.weight, args.eps, context);
}

void residual_rms_norm(const ResidualRmsNormArgs& args, Context& context) {
  run(args.out, args.residual, &args.delta, args.weight, args.eps, context);
}

}  // namespace flightdeck::cuda
