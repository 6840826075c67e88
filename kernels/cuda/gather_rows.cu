// Copies the rows whose logits somebody needs.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/vector_access.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 128;

/// Grid [rows, parts]: both activation types are two bytes, so one type moves both.
template <int V>
__global__ void __launch_bounds__(kThreads)
    copy_rows(__half* out, int out_stride, const __half* in, int in_stride, const int32_t* rows, int n) {
  let_next_start();
  wait_for_inputs();
  const int at = static_cast<int>(blockIdx.y * kThreads + threadIdx.x) * V;
  if (at >= n) return;
  const size_t from = rows[blockIdx.x];
  store<__half, V>(out + static_cast<size_t>(blockIdx.x) * out_stride + at,
                   load<__half, V>(in + from * in_stride + at));
}

template <int V>
void run(const GatherRowsArgs& args, Context& context) {
  const dim3 grid(static_cast<unsigned>(args.out.rows), blocks_for(static_cast<size_t>(args.out.cols / V), kThreads));
  launch(context, copy_rows<V>, grid, dim3(kThreads), 0, static_cast<__half*>(args.out.data), args.out.stride,
         static_cast<const __half*>(args.in.data), args.in.stride, args.rows, args.out.cols);
}

}  // namespace

void gather_rows(const GatherRowsArgs& args, Context& context) {
  if (args.out.rows == 0) return;
  if (bytes_of(args.out.dtype) != 2) throw DeviceError("the CUDA engine gathers rows of activations only");
  if (vectorizes(args.out) && vectorizes(args.in)) return run<8>(args, context);
  run<1>(args, context);
}

}  // namespace flightdeck::cuda
