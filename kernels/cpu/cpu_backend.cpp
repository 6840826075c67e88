// The CPU engine as a Backend: memory of the host, operations of cpu_ops.h.
#include <cstring>

#include "kernels/backend.h"
#include "kernels/cpu/cpu_info.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/packed_weight.h"

namespace flightdeck {
namespace {

/// Engine thread only.
class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(int threads) : context_(threads) {}

  DeviceInfo info() const override {
    const cpu::MemoryInfo memory = cpu::memory_info();
    return {"cpu", name_, DType::f32, memory.total_bytes, memory.available_bytes, "cpu"};
  }
  Buffer allocate(size_t bytes) override { return cpu::allocate_aligned(bytes, "The CPU engine"); }
  Buffer allocate_host(size_t bytes) override { return allocate(bytes); }
  void upload(void* device, const void* host, size_t bytes) override { copy(device, host, bytes); }
  void download(void* host, const void* device, size_t bytes) override { copy(host, device, bytes); }
  std::unique_ptr<PackedWeight> pack(const WeightView& weight) override {
    return cpu::pack_weight(weight, context_.pool());
  }
  size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size) const override {
    return cpu::layout_of(format, rows, cols, group_size).bytes();
  }

  void embedding(const EmbeddingArgs& args) override { cpu::embedding(args, context_); }
  void rms_norm(const RmsNormArgs& args) override { cpu::rms_norm(args, context_); }
  void residual_rms_norm(const ResidualRmsNormArgs& args) override { cpu::residual_rms_norm(args, context_); }
  void linear(const LinearArgs& args) override { cpu::linear(args, context_); }
  void rope(const RopeArgs& args) override { cpu::rope(args, context_); }
  void cache_write(const CacheWriteArgs& args) override { cpu::cache_write(args, context_); }
  void rope_cache_write(const RopeCacheWriteArgs& args) override { cpu::rope_cache_write(args, context_); }
  void attention(const AttentionArgs& args) override { cpu::attention(args, context_); }
  void activation(const ActivationArgs& args) override { cpu::activation(args, context_); }
  void gated_activation(const GatedActivationArgs& args) override { cpu::gated_activation(args, context_); }
  void multiply(const BinaryArgs& args) override { cpu::multiply(args, context_); }
  void add(const BinaryArgs& args) override { cpu::add(args, context_); }
  void gather_rows(const GatherRowsArgs& args) override { cpu::gather_rows(args, context_); }

 private:
  static void copy(void* to, const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }

  cpu::CpuContext context_;
  const std::string name_ = cpu::processor_name() + ", " + std::to_string(context_.pool().threads()) +
                            (context_.pool().threads() == 1 ? " thread, " : " threads, ") + cpu::instruction_set();
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options) {
  return std::make_unique<CpuBackend>(options.threads > 0 ? options.threads : cpu::usable_cores());
}

}  // namespace flightdeck
