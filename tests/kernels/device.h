// One test body for every backend: inputs go to the device in its activation type, results come back as float32.
#pragma once

#include <cstring>

#include "tests/kernels/naive.h"

namespace flightdeck::test {

/// Largest allowed difference() of an operation's result, by the type that activations have.
inline double tolerance_of(DType activation) {
  switch (activation) {
    case DType::f16:
      return 2e-3;
    case DType::bf16:
      return 1.6e-2;
    default:
      return Tolerance::float32;
  }
}

/// As the type holds it: what an operation really gets.
inline float rounded(float value, DType dtype) {
  if (dtype == DType::f16) return cpu::float_of_half(cpu::half_of_float(value));
  if (dtype != DType::bf16) return value;
  const auto bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u);
}
inline Floats rounded(Floats values, DType dtype) {
  for (float& value : values) value = rounded(value, dtype);
  return values;
}

/// The backend a data row is about: "cpu", "cuda:0" in float16, "cuda:0 bf16".
class Device {
 public:
  /// Adds the column "device" and a row for each; `name` distinguishes rows of one test.
  static void add_rows() {
    QTest::addColumn<QString>("device");
    for (const char* device : kNames) QTest::newRow(device) << device;
  }
  static constexpr const char* kNames[] = {"cpu", "cuda:0", "cuda:0 bf16"};

  /// Of a data row about one case on one device.
  static std::string row_name(const std::string& device, const std::string& name) { return device + ", " + name; }

  /// deterministic: of a GPU the mode in which rows do not depend on their neighbours; a CPU knows no other.
  explicit Device(const QString& name, bool deterministic = false) {
    if (name == "cpu") {
      backend_ = make_cpu_backend();
    } else if (cuda_device_count() > 0) {
      backend_ = make_cuda_backend({.device = 0,
                                    .activation = name.endsWith("bf16") ? DType::bf16 : DType::f16,
                                    .deterministic = deterministic});
    }
    if (backend_) activation_ = backend_->info().activation;
  }

  bool usable() const { return backend_ != nullptr; }
  Backend& operator*() const { return *backend_; }
  Backend* operator->() const { return backend_.get(); }
  DType activation() const { return activation_; }
  DType cache_type() const { return DType::f16; }
  double tolerance() const { return tolerance_of(activation_); }

  /// Values of any plain type as they are.
  template <class T>
  T* put(const std::vector<T>& values) {
    return static_cast<T*>(put_bytes(values.data(), values.size() * sizeof(T)));
  }
  /// Activations. `values` becomes what the device really holds.
  Matrix put(Floats& values, int rows, int cols) {
    values = rounded(values, activation_);
    std::vector<uint8_t> bytes;
    for (const float value : values) append_as(bytes, value);
    return {put_bytes(bytes.data(), bytes.size()), activation_, rows, cols, cols};
  }
  /// Room for a result.
  Matrix make(int rows, int cols) {
    Floats zeros(static_cast<size_t>(rows) * static_cast<size_t>(cols));
    return put(zeros, rows, cols);
  }
  Matrix make_float32(int rows, int cols) {
    return {put(Floats(static_cast<size_t>(rows) * static_cast<size_t>(cols))), DType::f32, rows, cols, cols};
  }
  Floats get(const Matrix& matrix) {
    const size_t count = static_cast<size_t>(matrix.rows) * static_cast<size_t>(matrix.stride);
    std::vector<uint8_t> bytes(count * bytes_of(matrix.dtype));
    backend_->download(bytes.data(), matrix.data, bytes.size());
    Floats values;
    for (size_t i = 0; i < count; ++i) values.push_back(read_as(bytes, i, matrix.dtype));
    return values;
  }
  BatchView put(const Batch& batch) {
    BatchView view = batch.view();
    view.token_ids = put(batch.ids);
    view.positions = put(batch.positions);
    view.sequence_of = put(batch.sequence_of);
    view.query_offsets = put(batch.offsets);
    view.kv_lengths = put(batch.lengths);
    view.block_tables = put(batch.tables);
    return view;
  }
  KvCacheView put(const Cache& cache) {
    return {put(cache.keys),  put(cache.values), cache.dtype,   cache.blocks,
            cache.block_size, cache.kv_heads,    cache.head_dim};
  }
  /// Brings keys and values back to where they came from.
  void get(const KvCacheView& view, Cache& cache) {
    backend_->download(cache.keys.data(), view.keys, cache.keys.size());
    backend_->download(cache.values.data(), view.values, cache.values.size());
  }

 private:
  void* put_bytes(const void* bytes, size_t count) {
    memory_.push_back(backend_->allocate(std::max<size_t>(count, 1)));
    backend_->upload(memory_.back().data(), bytes, count);
    return memory_.back().data();
  }
  void append_as(std::vector<uint8_t>& bytes, float value) const {
    if (activation_ == DType::f32) return append(bytes, value);
    if (activation_ == DType::f16) return append(bytes, cpu::half_of_float(value));
    append(bytes, static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
  }
  static float read_as(const std::vector<uint8_t>& bytes, size_t i, DType dtype) {
    if (dtype == DType::f32) return reinterpret_cast<const float*>(bytes.data())[i];
    const uint16_t bits = reinterpret_cast<const uint16_t*>(bytes.data())[i];
    return dtype == DType::f16 ? cpu::float_of_half(bits) : cpu::float_of_bf16(bits);
  }

  std::unique_ptr<Backend> backend_;
  DType activation_ = DType::f32;
  std::vector<Buffer> memory_;
};

/// The device of this row, or a skipped row that says why.
#define USE_DEVICE(used, ...)                                                                            \
  flightdeck::test::Device used(*static_cast<QString*>(QTest::qData("device", ::qMetaTypeId<QString>())) \
                                    __VA_OPT__(, ) __VA_ARGS__);                                         \
  if (!used.usable()) QSKIP(qPrintable(QString::fromStdString(flightdeck::cuda_status())))

}  // namespace flightdeck::test
