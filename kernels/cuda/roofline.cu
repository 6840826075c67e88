// What a GPU can do at best, measured: reading memory, and multiplying matrices with cuBLASLt.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/packed_weight.h"
#include "kernels/roofline.h"

namespace flightdeck {
namespace {

constexpr int kThreads = 512;
constexpr int kPasses = 10;
constexpr size_t kReadBytes = size_t{4} << 30;  // far more than any cache
constexpr int kSide = 8192;

/// Reads every 16 bytes once; the condition never holds and keeps the loads alive.
__global__ void __launch_bounds__(kThreads) read_all(const uint4* from, size_t count, uint32_t* sink) {
  uint32_t sum = 0;
  const size_t step = static_cast<size_t>(gridDim.x) * kThreads;
  size_t at = static_cast<size_t>(blockIdx.x) * kThreads + threadIdx.x;
  for (; at + 3 * step < count; at += 4 * step) {
    uint4 words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) words[i] = __ldcs(from + at + i * step);
#pragma unroll
    for (int i = 0; i < 4; ++i) sum ^= words[i].x ^ words[i].y ^ words[i].z ^ words[i].w;
  }
  for (; at < count; at += step) sum ^= __ldcs(from + at).x;
  if (sum == 0x9e3779b9u && count == 1) *sink = sum;
}

/// Random bits to float16 numbers of about 1: a product of zeros or of one number draws less power than a real one.
__global__ void fill_halves(uint16_t* to, size_t count) {
  for (size_t i = blockIdx.x * static_cast<size_t>(blockDim.x) + threadIdx.x; i < count;
       i += static_cast<size_t>(gridDim.x) * blockDim.x) {
    const uint32_t bits = static_cast<uint32_t>(i * 2654435761u ^ (i >> 9) * 40503u);
    to[i] = static_cast<uint16_t>((bits & 0x83ffu) | 0x3400u);
  }
}

/// Seconds of the fastest of several runs.
template <class Run>
double fastest(cudaStream_t stream, Run&& run) {
  cudaEvent_t begin, end;
  cuda::check(cudaEventCreate(&begin), "making an event");
  cuda::check(cudaEventCreate(&end), "making an event");
  float best = 1e30f;
  for (int pass = 0; pass < kPasses; ++pass) {
    cudaEventRecord(begin, stream);
    run();
    cudaEventRecord(end, stream);
    cuda::check(cudaEventSynchronize(end), "waiting for the GPU");
    float elapsed = 0;
    cudaEventElapsedTime(&elapsed, begin, end);
    if (pass > 0) best = std::min(best, elapsed);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return static_cast<double>(best) / 1e3;
}

double read_rate(cuda::Context& context) {
  size_t available = 0, total = 0;
  cuda::check(cudaMemGetInfo(&available, &total), "asking the GPU for its memory");
  const size_t bytes = std::min(kReadBytes, available / 2) / 4096 * 4096;
  const Buffer memory = cuda::allocate_device(bytes, "Measuring the read bandwidth");
  cuda::check(cudaMemsetAsync(memory.data(), 1, bytes, context.stream), "filling memory");
  const auto blocks = static_cast<unsigned>(4 * context.multiprocessors);
  const double seconds = fastest(context.stream, [&] {
    read_all<<<blocks, kThreads, 0, context.stream>>>(memory.as<uint4>(), bytes / 16, memory.as<uint32_t>());
  });
  return static_cast<double>(bytes) / seconds;
}

double gemm_rate(cuda::Context& context) {
  constexpr size_t kCount = static_cast<size_t>(kSide) * kSide, kWorkspace = size_t{32} << 20;
  const Buffer memory = cuda::allocate_device(3 * kCount * 2 + kWorkspace, "Measuring the matrix rate");
  auto* a = memory.as<uint16_t>();
  uint16_t *b = a + kCount, *c = b + kCount;
  fill_halves<<<1024, 256, 0, context.stream>>>(a, 2 * kCount);
  cublasLtMatmulDesc_t product;
  cublasLtMatrixLayout_t layout;
  cublasLtMatmulPreference_t preference;
  cuda::check(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a matrix product");
  const cublasOperation_t transposed = CUBLAS_OP_T;
  cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed));
  cuda::check(cublasLtMatrixLayoutCreate(&layout, CUDA_R_16F, kSide, kSide, kSide), "describing a matrix");
  cuda::check(cublasLtMatmulPreferenceCreate(&preference), "choosing a matrix product");
  cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace,
                                       sizeof(kWorkspace));
  cublasLtMatmulHeuristicResult_t found[8] = {};
  int count = 0;
  cuda::check(cublasLtMatmulAlgoGetHeuristic(context.blas, product, layout, layout, layout, layout, preference, 8,
                                             found, &count),
              "choosing a matrix product");
  double seconds = 1e30;
  const float one = 1, zero = 0;
  for (int i = 0; i < count; ++i) {
    seconds = std::min(seconds, fastest(context.stream, [&] {
                         cublasLtMatmul(context.blas, product, &one, a, layout, b, layout, &zero, c, layout, c, layout,
                                        &found[i].algo, c + kCount, kWorkspace, context.stream);
                       }));
  }
  cublasLtMatmulPreferenceDestroy(preference);
  cublasLtMatrixLayoutDestroy(layout);
  cublasLtMatmulDescDestroy(product);
  return 2.0 * kSide * kSide * kSide / seconds;
}

}  // namespace

DeviceCeilings measure_device_ceilings(const std::string& device_id) {
  if (device_id.rfind("cuda:", 0) != 0) return {};
  try {
    cuda::Context context(std::atoi(device_id.c_str() + 5), DType::f16);
    return {read_rate(context), gemm_rate(context)};
  } catch (const DeviceError&) {  // too little memory beside an engine, say: no ceiling is better than a wrong one
    return {};
  }
}

}  // namespace flightdeck
