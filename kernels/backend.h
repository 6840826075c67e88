// One interface for every device: memory and operations. An engine thread owns its backend; no call is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/ops.h"

namespace flightdeck {

/// What a device is, for the user's eyes and for memory planning.
struct DeviceInfo {
  std::string id;           // "cpu", "cuda:0"
  std::string name;         // "AMD EPYC, 2 threads, AVX-512 VNNI"
  DType activation = DType::f32;
  size_t total_bytes = 0;   // memory of the device
  size_t free_bytes = 0;    // available now
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

/// Every method may throw DeviceError; allocate and pack throw DeviceOutOfMemory when memory is short.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceInfo info() const = 0;

  virtual Buffer allocate(size_t bytes) = 0;  // 64-byte aligned, content undefined
  virtual void upload(void* device, const void* host, size_t bytes) = 0;
  virtual void download(void* host, const void* device, size_t bytes) = 0;
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

  /// Between these two, operations belong to one step; a GPU backend may capture and replay it as one graph.
  virtual void begin_step() {}
  virtual void end_step() {}
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
};
/// Throws DeviceError when the device cannot be used.
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options = {});

}  // namespace flightdeck
