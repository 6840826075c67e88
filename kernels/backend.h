// One interface for every device: memory and operations. An engine thread owns its backend; no call is thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/device_error.h"
#include "kernels/ops.h"

namespace flightdeck {

/// What a device is, for the user's eyes and for memory planning.
struct DeviceInfo {
  std::string id;    // "cpu", "cuda:0"
  std::string name;  // "AMD EPYC, 2 threads, AVX-512 VNNI"
  DType activation = DType::f32;
  size_t total_bytes = 0;           // memory of the device
  size_t free_bytes = 0;            // available now
  std::string compute_cap = "cpu";  // "sm90"
};

/// Device memory that frees itself; made by Backend::allocate.
class Buffer {
 public:
  Buffer() = default;
  Buffer(void* data, size_t bytes, std::function<void(void*)> release)
      : data_(data), bytes_(bytes), release_(std::move(release)) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Buffer() {
    if (data_) release_(data_);
  }
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(release_, other.release_);
  }
  void* data_ = nullptr;
  size_t bytes_ = 0;
  std::function<void(void*)> release_;
};

/// Steps with equal keys run the same operations with the same arguments; only what the device's memory holds differs.
struct StepKey {
  uint64_t owner = 0;  // whose memory the arguments point to
  int tokens = 0;      // 0: unlike any other, never repeated
  int sequences = 0;
  int max_blocks = 0;
  int logit_rows = 0;
  int variant = 0;  // whatever else makes operations differ
};
inline bool operator<(const StepKey& a, const StepKey& b) {
  return std::tie(a.owner, a.tokens, a.sequences, a.max_blocks, a.logit_rows, a.variant) <
         std::tie(b.owner, b.tokens, b.sequences, b.max_blocks, b.logit_rows, b.variant);
}

/// Every method may throw DeviceError; allocate and pack throw DeviceOutOfMemory when memory is short.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceInfo info() const = 0;
  /// Called once by a thread that goes on with a backend which another thread made.
  virtual void attach_thread() {}

  virtual Buffer allocate(size_t bytes) = 0;  // 64-byte aligned, content undefined
  /// Host memory that copies need not wait for: pinned where the device has such.
  virtual Buffer allocate_host(size_t bytes) = 0;
  /// Copies in order with the operations. From memory of allocate_host it may return before the copy is done: what lies
  /// there must not change before a later mark has been waited for. Other memory may be reused at once.
  virtual void upload(void* device, const void* host, size_t bytes) = 0;
  virtual void download(void* host, const void* device, size_t bytes) = 0;
  /// As download, to memory of allocate_host, without waiting: there once a later mark has been waited for.
  virtual void download_later(void* host, const void* device, size_t bytes) { download(host, device, bytes); }
  /// Repacks a canonical weight for this device; `weight` may be freed afterwards.
  virtual std::unique_ptr<PackedWeight> pack(const WeightView& weight) = 0;
  /// Device bytes pack() will take for such a weight.
  virtual size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size) const = 0;

  virtual void embedding(const EmbeddingArgs&) = 0;
  virtual void rms_norm(const RmsNormArgs&) = 0;
  virtual void residual_rms_norm(const ResidualRmsNormArgs&) = 0;
  virtual void linear(const LinearArgs&) = 0;
  virtual void rope(const RopeArgs&) = 0;
  virtual void cache_write(const CacheWriteArgs&) = 0;
  virtual void rope_cache_write(const RopeCacheWriteArgs&) = 0;
  virtual void attention(const AttentionArgs&) = 0;
  virtual void activation(const ActivationArgs&) = 0;
  virtual void gated_activation(const GatedActivationArgs&) = 0;
  virtual void multiply(const BinaryArgs&) = 0;
  virtual void add(const BinaryArgs&) = 0;
  virtual void gather_rows(const GatherRowsArgs&) = 0;

  /// Whether pending_tokens and sample work here. Without them the caller downloads logits and samples on the host.
  virtual bool samples() const { return false; }
  virtual void pending_tokens(const PendingTokensArgs&) { throw DeviceError("this device does not sample"); }
  virtual void sample(const SampleArgs&) { throw DeviceError("this device does not sample"); }

  /// Runs a step's operations; a GPU backend records those of a key met again as one graph and replays it.
  virtual void run_step(const StepKey&, const std::function<void()>& operations) { operations(); }
  /// A point in the order of operations, to wait for or to measure from. The last 1024 can be asked for.
  virtual uint64_t mark() {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  }
  virtual void wait(uint64_t /*mark*/) {}
  /// Between two marks already waited for.
  virtual double milliseconds_between(uint64_t first, uint64_t second) {
    return static_cast<double>(second - first) / 1e6;
  }
  /// Waits until everything asked for so far has been done.
  virtual void synchronize() {}
};

struct CpuOptions {
  int threads = 0;  // 0: one per physical core
};
/// The CPU engine. Always succeeds.
std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options = {});

/// Number of usable CUDA devices; 0 without CUDA (no_cuda/ is linked then).
int cuda_device_count();
/// Why cuda_device_count() is what it is, for `devices`: "built without CUDA", "no driver", …
std::string cuda_status();
struct CudaOptions {
  int device = 0;
  DType activation = DType::f16;  // f16 or bf16; the cache is float16 always
  bool deterministic = false;     // a row's result does not depend on the rows beside it; slower
  /// Exists; what was measured on this GPU is kept there for later starts. Empty: nowhere.
  std::string cache_folder = {};
};
/// Throws DeviceError when the device cannot be used.
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options = {});

}  // namespace flightdeck
