// Products and sums, element by element.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 128;

/// Grid [rows, parts]. `out` may be `a` or `b`: a thread writes only what it has read.
template <class T, int V, bool kProduct>
__global__ void __launch_bounds__(kThreads)
    combine_rows(T* out, int out_stride, const T* a, int a_stride, const T* b, int b_stride, int n) {
  let_next_start();
  wait_for_inputs();
  const int at = static_cast<int>(blockIdx.y * kThreads + threadIdx.x) * V;
  if (at >= n) return;
  const size_t row = blockIdx.x;
  Pack<T, V> x = load<T, V>(a + row * a_stride + at);
  const Pack<T, V> y = load<T, V>(b + row * b_stride + at);
#pragma unroll
  for (int i = 0; i < V; ++i) {
    const float left = to_float(x.values[i]), right = to_float(y.values[i]);
    x.values[i] = from_float<T>(kProduct ? left * right : left + right);
  }
  store<T, V>(out + row * out_stride + at, x);
}

template <bool kProduct>
void run(const BinaryArgs& args, Context& context) {
  if (args.out.rows == 0) return;
  const bool wide = vectorizes(args.out) && vectorizes(args.a) && vectorizes(args.b);
  with_width(args.out.dtype, wide, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int V = decltype(width)::value;
    const dim3 grid(static_cast<unsigned>(args.out.rows), blocks_for(static_cast<size_t>(args.out.cols / V), kThreads));
    launch(context, combine_rows<T, V, kProduct>, grid, dim3(kThreads), 0, static_cast<T*>(args.out.data),
           args.out.stride, static_cast<const T*>(args.a.data), args.a.stride, static_cast<const T*>(args.b.data),
           args.b.stride, args.out.cols);
  });
}

}  // namespace

void multiply(const BinaryArgs& args, Context& context) { run<true>(args, context); }
void add(const BinaryArgs& args, Context& context) { run<false>(args, context); }

}  // namespace flightdeck::cuda
