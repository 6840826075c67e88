// Activation functions, alone and gated (SwiGLU and its kin).
#include "kernels/cuda/activation_function.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 128;

/// Grid [rows, parts]. out = activation(in), times in[n ...] where gated.
template <class T, int V, bool kGated>
__global__ void __launch_bounds__(kThreads)
    activate_rows(T* out, int out_stride, const T* in, int in_stride, Activation kind, int n) {
  let_next_start();
  wait_for_inputs();
  const int at = static_cast<int>(blockIdx.y * kThreads + threadIdx.x) * V;
  if (at >= n) return;
  const T* from = in + static_cast<size_t>(blockIdx.x) * in_stride + at;
  Pack<T, V> pack = load<T, V>(from);
  Pack<T, V> up{};
  if constexpr (kGated) up = load<T, V>(from + n);
#pragma unroll
  for (int i = 0; i < V; ++i) {
    float value = activate(kind, to_float(pack.values[i]));
    if constexpr (kGated) value *= to_float(up.values[i]);
    pack.values[i] = from_float<T>(value);
  }
  store<T, V>(out + static_cast<size_t>(blockIdx.x) * out_stride + at, pack);
}

template <bool kGated>
void run(const Matrix& out, const Matrix& in, Activation kind, Context& context) {
  if (out.rows == 0) return;
  with_width(out.dtype, vectorizes(out) && vectorizes(in), [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int V = decltype(width)::value;
    const dim3 grid(static_cast<unsigned>(out.rows), blocks_for(static_cast<size_t>(out.cols / V), kThreads));
    launch(context, activate_rows<T, V, kGated>, grid, dim3(kThreads), 0, static_cast<T*>(out.data), out.stride,
           static_cast<const T*>(in.data), in.stride, kind, out.cols);
  });
}

}  // namespace

void activation(const ActivationArgs& args, Context& context) { run<false>(args.out, args.in, args.kind, context); }

void gated_activation(const GatedActivationArgs& args, Context& context) {
  run<true>(args.out, args.gate_up, args.kind, context);
}

}  // namespace flightdeck::cuda
