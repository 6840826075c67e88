// The CUDA engine as a Backend: device memory, operations of cuda_ops.h, steps replayed as graphs.
#include "kernels/backend.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/marks.h"
#include "kernels/cuda/op_fuser.h"
#include "kernels/cuda/step_graphs.h"
#include "kernels/cuda/tactics.h"

namespace flightdeck {
namespace {

/// Engine thread only.
class CudaBackend final : public Backend {
 public:
  CudaBackend(int device, DType activation, bool deterministic) : context_(device, activation) {
    context_.deterministic = deterministic;
  }

  DeviceInfo info() const override {
    cudaDeviceProp properties;
    cuda::check(cudaGetDeviceProperties(&properties, context_.device), "asking the GPU what it is");
    size_t available = 0, total = 0;
    cuda::check(cudaMemGetInfo(&available, &total), "asking the GPU for its memory");
    return {"cuda:" + std::to_string(context_.device),
            properties.name,
            context_.activation,
            total,
            available,
            "sm" + std::to_string(properties.major) + std::to_string(properties.minor)};
  }
  void attach_thread() override { cuda::check(cudaSetDevice(context_.device), "choosing the GPU"); }
  Buffer allocate(size_t bytes) override { return cuda::allocate_device(bytes, "The CUDA engine"); }
  Buffer allocate_host(size_t bytes) override {
    if (bytes == 0) return {};
    void* memory = nullptr;
    cuda::check(cudaMallocHost(&memory, bytes), "taking pinned memory");
    return {memory, bytes, [](void* pointer) { cudaFreeHost(pointer); }};
  }
  void upload(void* device, const void* host, size_t bytes) override { context_.upload(device, host, bytes); }
  void download(void* host, const void* device, size_t bytes) override {
    if (bytes == 0) return;
    cuda::check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, context_.stream), "copying from the GPU");
    synchronize();
  }
  void download_later(void* host, const void* device, size_t bytes) override {
    if (bytes == 0) return;
    cuda::check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, context_.stream), "copying from the GPU");
  }
  std::unique_ptr<PackedWeight> pack(const WeightView& weight) override { return cuda::pack_weight(weight, context_); }
  size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size) const override {
    return cuda::packed_bytes(format, rows, cols, group_size, context_.activation);
  }

  void embedding(const EmbeddingArgs& args) override { cuda::embedding(args, behind_fused()); }
  void rms_norm(const RmsNormArgs& args) override { fuser_.norm(args); }
  void residual_rms_norm(const ResidualRmsNormArgs& args) override { fuser_.residual_norm(args); }
  void linear(const LinearArgs& args) override { fuser_.linear(args); }
  void rope(const RopeArgs& args) override { cuda::rope(args, behind_fused()); }
  void cache_write(const CacheWriteArgs& args) override { cuda::cache_write(args, behind_fused()); }
  void rope_cache_write(const RopeCacheWriteArgs& args) override { fuser_.rope_cache_write(args); }
  void attention(const AttentionArgs& args) override { fuser_.attention(args); }
  void activation(const ActivationArgs& args) override { cuda::activation(args, behind_fused()); }
  void gated_activation(const GatedActivationArgs& args) override { fuser_.gate(args); }
  void multiply(const BinaryArgs& args) override { cuda::multiply(args, behind_fused()); }
  void add(const BinaryArgs& args) override { cuda::add(args, behind_fused()); }
  void gather_rows(const GatherRowsArgs& args) override { cuda::gather_rows(args, behind_fused()); }

  bool samples() const override { return true; }
  void pending_tokens(const PendingTokensArgs& args) override { cuda::pending_tokens(args, behind_fused()); }
  void sample(const SampleArgs& args) override { cuda::sample(args, behind_fused()); }

  void run_step(const StepKey& key, const std::function<void()>& operations) override {
    graphs_.run(key, [&] { fuser_.record(operations); });
  }
  uint64_t mark() override { return marks_.record(behind_fused().stream); }
  void wait(uint64_t mark) override { marks_.wait(mark); }
  double milliseconds_between(uint64_t first, uint64_t second) override { return marks_.milliseconds(first, second); }
  void synchronize() override { cuda::check(cudaStreamSynchronize(context_.stream), "waiting for the GPU"); }

 private:
  /// For operations that are never held back: they come behind those that are.
  cuda::Context& behind_fused() {
    fuser_.flush();
    return context_;
  }

  cuda::Context context_;
  cuda::OpFuser fuser_{context_};
  cuda::StepGraphs graphs_{context_};
  cuda::Marks marks_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options) {
  if (options.device < 0 || options.device >= cuda_device_count())
    throw DeviceError("cuda:" + std::to_string(options.device) + " cannot be used: " + cuda_status());
  cuda::keep_tactics(options.device, options.cache_folder);
  return std::make_unique<CudaBackend>(options.device, options.activation, options.deterministic);
}

}  // namespace flightdeck
