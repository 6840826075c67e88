// Packed weights back to plain rows: whole panels for cuBLASLt, single rows for the embedding.
#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 256;

template <class T>
struct PairOf;
template <>
struct PairOf<__half> {
  __device__ static float2 floats(uint32_t bits) { return __half22float2(*reinterpret_cast<__half2*>(&bits)); }
};
template <>
struct PairOf<__nv_bfloat16> {
  __device__ static float2 floats(uint32_t bits) {
    return __bfloat1622float2(*reinterpret_cast<__nv_bfloat162*>(&bits));
  }
};

template <class T>
__device__ __forceinline__ uint32_t scaled_pair(uint32_t bits, float scale) {
  const float2 values = PairOf<T>::floats(bits);
  const T low = from_float<T>(values.x * scale);
  const T high = from_float<T>(values.y * scale);
  return *reinterpret_cast<const uint16_t*>(&low) | static_cast<uint32_t>(*reinterpret_cast<const uint16_t*>(&high))
                                                        << 16;
}

__device__ __forceinline__ float scale_of(const PackedView& weight, int row, int col) {
  float scale = weight.row_scales[row];
  if (weight.packing == Packing::int4_groups) {
    const int group_cols = 128 / weight.step_scales;
    scale *= __half2float(weight.factors[factor_position(row, col / group_cols, weight.padded_cols / group_cols)]);
  }
  return scale;
}

/// One thread unpacks the 16 bytes a lane of the matrix kernels would load: rows g and g + 8, 8 or 2 x 8 columns.
template <class T, Packing kPacking>
__global__ void __launch_bounds__(kThreads) unpack_kernel(PackedView weight, int first, int rows, T* out) {
  let_next_start();
  wait_for_inputs();
  constexpr int kBlocks = kPacking == Packing::int8_rows ? 1 : 2;  // of 32 columns
  const int chunks = weight.padded_cols / (32 * kBlocks);
  const size_t index = static_cast<size_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int lane = static_cast<int>(index % 32);
  const int tile = static_cast<int>(index / 32 / chunks);
  const int chunk = static_cast<int>(index / 32 % chunks);
  if (tile * 16 >= rows) return;
  const size_t vector = (static_cast<size_t>(first / 16 + tile) * chunks + chunk) * 32 + lane;
  const uint4 vectors[1] = {__ldg(reinterpret_cast<const uint4*>(weight.data) + vector)};
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
    uint32_t a[2][4];
    load_fragments<T, kPacking>(vectors, block, a);
    const int col = (chunk * kBlocks + block) * 32 + lane % 4 * 8;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = tile * 16 + lane / 4 + half * 8;
      const float scale = scale_of(weight, first + row, col);
      const uint4 values = {scaled_pair<T>(a[0][half], scale), scaled_pair<T>(a[0][half + 2], scale),
                            scaled_pair<T>(a[1][half], scale), scaled_pair<T>(a[1][half + 2], scale)};
      *reinterpret_cast<uint4*>(out + static_cast<size_t>(row) * weight.padded_cols + col) = values;
    }
  }
}

template <class T>
__device__ __forceinline__ float element(const PackedView& weight, int row, int col) {
  switch (weight.packing) {
    case Packing::dense:
      return to_float(reinterpret_cast<const T*>(weight.data)[static_cast<size_t>(row) * weight.padded_cols + col]);
    case Packing::int8_rows: {
      const int code = weight.data[int8_position(row, col, weight.padded_cols)];
      return static_cast<float>(code - 128) * weight.row_scales[row];
    }
    default: {
      const size_t position = int4_position(row, col, weight.padded_cols);
      const int code = weight.data[position / 2] >> (position % 2 * 4) & 15;
      return static_cast<float>(code - 8) * scale_of(weight, row, col);
    }
  }
}

/// Block = token.
template <class T>
__global__ void __launch_bounds__(kThreads) embedding_kernel(PackedView table, const int32_t* ids, T* out, int stride) {
  let_next_start();
  wait_for_inputs();
  const int row = ids[blockIdx.x];
  T* to = out + static_cast<size_t>(blockIdx.x) * stride;
  for (int col = threadIdx.x; col < table.cols; col += kThreads) to[col] = from_float<T>(element<T>(table, row, col));
}

}  // namespace

void unpack_rows(const PackedView& weight, int first, int rows, void* out, Context& context) {
  const int chunk = chunk_cols(weight.packing);
  const size_t threads = static_cast<size_t>(rows / 16) * static_cast<size_t>(weight.padded_cols / chunk) * 32;
  const auto blocks = static_cast<unsigned>((threads + kThreads - 1) / kThreads);
  with_activation_type(context.activation, [&](auto zero) {
    using T = decltype(zero);
    const auto kernel = weight.packing == Packing::int8_rows ? unpack_kernel<T, Packing::int8_rows>
                                                             : unpack_kernel<T, Packing::int4_rows>;
    launch(context, kernel, blocks, kThreads, 0, weight, first, rows, static_cast<T*>(out));
  });
}

void embedding(const EmbeddingArgs& args, Context& context) {
  if (args.out.rows == 0) return;
  const PackedView table = static_cast<const CudaPackedWeight&>(*args.table).view();
  with_activation_type(context.activation, [&](auto zero) {
    using T = decltype(zero);
    launch(context, embedding_kernel<T>, args.out.rows, kThreads, 0, table, args.ids, static_cast<T*>(args.out.data),
           args.out.stride);
  });
}

}  // namespace flightdeck::cuda
