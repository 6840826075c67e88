// Linears through cuBLASLt: float weights as they are, quantized ones unpacked into scratch panel by panel. Algorithms
// are timed once a shape, outside of captured steps, and kept for the process.
#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/linear_kernels.h"
#include "kernels/cuda/tactics.h"

namespace flightdeck::cuda {
namespace {

constexpr size_t kWorkspaceBytes = size_t{32} << 20;
constexpr size_t kPanelBytes = size_t{128} << 20;  // of unpacked weight
constexpr int kAlgorithms = 32;                    // asked for
constexpr int kFinalists = 4;                      // timed a second time, with more rounds

struct LayoutDeleter {
  void operator()(cublasLtMatrixLayoutOpaque_t* layout) const { cublasLtMatrixLayoutDestroy(layout); }
};
using Layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, LayoutDeleter>;

cudaDataType_t type_of(DType dtype) {
  return dtype == DType::f32 ? CUDA_R_32F : dtype == DType::f16 ? CUDA_R_16F : CUDA_R_16BF;
}

Layout make_layout(DType dtype, int rows, int cols, int stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  check(cublasLtMatrixLayoutCreate(&layout, type_of(dtype), static_cast<uint64_t>(rows), static_cast<uint64_t>(cols),
                                   stride),
        "describing a matrix to cuBLASLt");
  return Layout(layout);
}

/// One product in cuBLASLt's words. Row-major [r, c] is its column-major [c, r]: out' = weight · in'.
class Product {
 public:
  Product(const LinearTask& task, const void* weight, int rows, void* out, DType activation)
      : weight_(weight),
        in_(task.in),
        out_(out),
        a_(make_layout(activation, task.weight.cols, rows, task.weight.padded_cols)),
        b_(make_layout(activation, task.weight.cols, task.tokens, task.in_stride)),
        d_(make_layout(task.out_float ? DType::f32 : activation, rows, task.tokens, task.out_stride)) {
    check(cublasLtMatmulDescCreate(&description_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product to cuBLASLt");
    const cublasOperation_t transposed = CUBLAS_OP_T;
    check(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)),
          "describing a product to cuBLASLt");
    alignment_[0] = alignment(weight, static_cast<size_t>(task.weight.padded_cols) * 2);
    alignment_[1] = alignment(in_, static_cast<size_t>(task.in_stride) * 2);
    alignment_[2] = alignment(out, static_cast<size_t>(task.out_stride) * (task.out_float ? 4 : 2));
  }
  ~Product() { cublasLtMatmulDescDestroy(description_); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  std::vector<cublasLtMatmulAlgo_t> algorithms(const Context& context) const {
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "asking cuBLASLt for algorithms");
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t which, const auto& value) {
      cublasLtMatmulPreferenceSetAttribute(preference, which, &value, sizeof(value));
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceBytes);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_[0]);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_[1]);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_[2]);
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_[2]);
    cublasLtMatmulHeuristicResult_t found[kAlgorithms];
    int count = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        context.blas, description_, a_.get(), b_.get(), d_.get(), d_.get(), preference, kAlgorithms, found, &count);
    cublasLtMatmulPreferenceDestroy(preference);
    std::vector<cublasLtMatmulAlgo_t> usable;
    for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < count; ++i) {
      if (found[i].state == CUBLAS_STATUS_SUCCESS) usable.push_back(found[i].algo);
    }
    return usable;
  }
  /// Of weight, input, output: algorithms differ by it.
  const std::array<uint32_t, 3>& alignments() const { return alignment_; }
  bool run(const cublasLtMatmulAlgo_t& algorithm, void* workspace, const Context& context) const {
    const float one = 1, zero = 0;
    return cublasLtMatmul(context.blas, description_, &one, weight_, a_.get(), in_, b_.get(), &zero, out_, d_.get(),
                          out_, d_.get(), &algorithm, workspace, kWorkspaceBytes,
                          context.stream) == CUBLAS_STATUS_SUCCESS;
  }

 private:
  static uint32_t alignment(const void* pointer, size_t row_bytes) {
    uint32_t bytes = 16;  // more makes no difference
    while ((reinterpret_cast<uintptr_t>(pointer) | row_bytes) % bytes != 0) bytes /= 2;
    return bytes;
  }

  const void* weight_;
  const void* in_;
  void* out_;
  Layout a_, b_, d_;
  cublasLtMatmulDesc_t description_ = nullptr;
  std::array<uint32_t, 3> alignment_ = {};
};

/// Algorithms by device, rows, cols, tokens (rounded), types and alignments: one that may only load two bytes at a time
/// is several times slower. Timed ones stay; guesses made inside a capture do not.
struct AlgorithmKey {
  int device, rows, cols, tokens;
  bool out_float, bf16;
  std::array<uint32_t, 3> alignments;
  bool operator<(const AlgorithmKey& other) const {
    return std::tie(device, rows, cols, tokens, out_float, bf16, alignments) <
           std::tie(other.device, other.rows, other.cols, other.tokens, other.out_float, other.bf16, other.alignments);
  }
};
std::mutex algorithms_mutex;
std::map<AlgorithmKey, cublasLtMatmulAlgo_t> timed_algorithms;

/// The fastest of what cuBLASLt proposes; its own first proposal unless another one is clearly faster.
const cublasLtMatmulAlgo_t* fastest_of(const std::vector<cublasLtMatmulAlgo_t>& candidates, const Product& product,
                                       void* workspace, Context& context) {
  struct Timed {
    size_t index;
    float time;
  };
  const StreamTimer timer(context);
  const auto time_of = [&](size_t index, int rounds) {
    bool works = true;
    const float time =
        timer.median([&] { works = works && product.run(candidates[index], workspace, context); }, rounds);
    return works ? time : 1e30f;
  };
  std::vector<Timed> timed;
  for (size_t i = 0; i < candidates.size(); ++i) timed.push_back({i, time_of(i, 3)});
  std::sort(timed.begin() + 1, timed.end(), [](const Timed& a, const Timed& b) { return a.time < b.time; });
  timed.resize(std::min<size_t>(timed.size(), kFinalists));
  for (Timed& each : timed) each.time = time_of(each.index, 9);
  const Timed* best = &timed[0];
  for (const Timed& each : timed) {
    if (each.time < best->time * (best == &timed[0] ? 0.98f : 1.0f)) best = &each;
  }
  return best->time < 1e30f ? &candidates[best->index] : nullptr;
}

bool run_fastest(const Product& product, const AlgorithmKey& key, void* workspace, Context& context) {
  const std::lock_guard<std::mutex> lock(algorithms_mutex);
  const auto known = timed_algorithms.find(key);
  if (known != timed_algorithms.end() && product.run(known->second, workspace, context)) return true;
  const auto candidates = product.algorithms(context);
  if (candidates.empty()) return false;
  if (context.capturing() || known != timed_algorithms.end()) {
    for (const auto& algorithm : candidates) {
      if (product.run(algorithm, workspace, context)) return true;
    }
    return false;
  }
  const cublasLtMatmulAlgo_t* fastest = fastest_of(candidates, product, workspace, context);
  if (!fastest) return false;
  timed_algorithms[key] = *fastest;
  return product.run(*fastest, workspace, context);
}

template <class T>
__global__ void add_bias_kernel(T* out, int stride, const float* bias, int rows) {
  wait_for_inputs();
  const int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  T& value = out[static_cast<size_t>(blockIdx.y) * stride + row];
  value = from_float<T>(to_float(value) + bias[row]);
}

template <class T>
void add_bias(const LinearTask& task, Context& context) {
  constexpr int kThreads = 256;
  const dim3 grid(static_cast<unsigned>((task.weight.rows + kThreads - 1) / kThreads),
                  static_cast<unsigned>(task.tokens));
  launch(context, add_bias_kernel<T>, grid, kThreads, 0, static_cast<T*>(task.out), task.out_stride, task.bias,
         task.weight.rows);
}

/// Rows unpacked at a time, equal panels, a multiple of 256.
int panel_rows(const PackedView& weight) {
  const size_t row_bytes = static_cast<size_t>(weight.padded_cols) * 2;
  const int padded = weight.tiles * kTileRows;
  const int panels = static_cast<int>((row_bytes * static_cast<size_t>(padded) + kPanelBytes - 1) / kPanelBytes);
  return std::min(padded, round_up((padded + panels - 1) / panels, 256));
}

/// Rounds to 1, 1.25, 1.5, 1.75 times a power of two, so that few shapes are timed.
int bucket_of(int tokens) {
  int unit = 1;
  while (unit * 8 <= tokens) unit *= 2;
  return round_up(tokens, unit);
}

}  // namespace

size_t blas_scratch(const LinearTask& task) {
  size_t bytes = kWorkspaceBytes;
  if (task.weight.packing != Packing::dense) {
    bytes += static_cast<size_t>(panel_rows(task.weight)) * static_cast<size_t>(task.weight.padded_cols) * 2;
  }
  return bytes;
}

bool blas_linear(const LinearTask& task, std::byte* scratch, Context& context) {
  const PackedView& weight = task.weight;
  const bool dense = weight.packing == Packing::dense;
  const int panel = dense ? weight.rows : panel_rows(weight);
  const size_t out_bytes = task.out_float ? 4 : 2;
  for (int first = 0; first < weight.rows; first += panel) {
    const int rows = std::min(panel, weight.rows - first);
    const void* source = weight.data;
    if (!dense) {
      source = scratch + kWorkspaceBytes;
      unpack_rows(weight, first, round_up(rows, kTileRows), scratch + kWorkspaceBytes, context);
    }
    auto* out = static_cast<std::byte*>(task.out) + static_cast<size_t>(first) * out_bytes;
    const Product product(task, source, rows, out, context.activation);
    const AlgorithmKey key{context.device,         rows,           weight.cols,
                           bucket_of(task.tokens), task.out_float, context.activation == DType::bf16,
                           product.alignments()};
    if (!run_fastest(product, key, scratch, context)) return false;
  }
  if (!task.bias) return true;
  if (task.out_float) {
    add_bias<float>(task, context);
  } else {
    with_activation_type(context.activation, [&](auto zero) { add_bias<decltype(zero)>(task, context); });
  }
  return true;
}

}  // namespace flightdeck::cuda
