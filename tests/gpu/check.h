// What the self-checking programs of this folder share: values on the device, one line a case, times.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/packed_weight.h"

namespace flightdeck::check {

using Doubles = std::vector<double>;

inline int& failures() {
  static int count = 0;
  return count;
}
inline int& cases() {
  static int count = 0;
  return count;
}

inline void report(const std::string& name, bool passed, const std::string& detail) {
  ++cases();
  failures() += passed ? 0 : 1;
  std::printf("%s  %-58s %s\n", passed ? "PASS" : "FAIL", name.c_str(), detail.c_str());
  std::fflush(stdout);
}

/// The largest error relative to the largest expected value, and where it is.
inline void compare(const std::string& name, const Doubles& got, const Doubles& expected, double tolerance) {
  double largest = 1e-30, worst = got.size() == expected.size() ? 0 : INFINITY;
  size_t at = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    const double error = std::abs(got[i] - expected[i]);
    if (std::isnan(error) || error > worst) {
      worst = std::isnan(error) ? INFINITY : error;
      at = i;
      if (std::isinf(worst)) break;
    }
  }
  char text[160];
  std::snprintf(text, sizeof(text), "error %.2e of %.1e at %zu of %zu: got %.6g, expected %.6g", worst / largest,
                tolerance, at, expected.size(), got.empty() ? NAN : got[at], expected.empty() ? NAN : expected[at]);
  report(name, worst / largest <= tolerance, text);
}

inline double tolerance_of(DType dtype) { return dtype == DType::bf16 ? 8e-3 : dtype == DType::f16 ? 1e-3 : 1e-5; }
inline const char* name_of(DType dtype) { return dtype == DType::bf16 ? "bf16" : dtype == DType::f16 ? "f16" : "f32"; }

inline Doubles random_values(size_t count, uint32_t seed, double spread = 1.0) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, spread);
  Doubles values(count);
  for (double& value : values) value = normal(generator);
  return values;
}

/// Values on the device in one of the types; the host's copy is rounded as they are.
class Values {
 public:
  Values(Doubles& values, DType dtype) : dtype_(dtype), count_(values.size()) {
    memory_ = cuda::allocate_device(std::max<size_t>(1, count_) * bytes_of(dtype), "The check");
    std::vector<std::byte> bytes(count_ * bytes_of(dtype));
    for (size_t i = 0; i < count_; ++i) {
      const auto value = static_cast<float>(values[i]);
      if (dtype == DType::f32) {
        reinterpret_cast<float*>(bytes.data())[i] = value;
        values[i] = value;
      } else if (dtype == DType::f16) {
        reinterpret_cast<__half*>(bytes.data())[i] = __float2half_rn(value);
        values[i] = __half2float(__float2half_rn(value));
      } else {
        reinterpret_cast<__nv_bfloat16*>(bytes.data())[i] = __float2bfloat16_rn(value);
        values[i] = __bfloat162float(__float2bfloat16_rn(value));
      }
    }
    cuda::check(cudaMemcpy(memory_.data(), bytes.data(), bytes.size(), cudaMemcpyHostToDevice), "copying");
  }
  Doubles read() const {
    cuda::check(cudaDeviceSynchronize(), "running the kernel");
    std::vector<std::byte> bytes(count_ * bytes_of(dtype_));
    cuda::check(cudaMemcpy(bytes.data(), memory_.data(), bytes.size(), cudaMemcpyDeviceToHost), "copying");
    Doubles values(count_);
    for (size_t i = 0; i < count_; ++i) {
      values[i] = dtype_ == DType::f32   ? reinterpret_cast<const float*>(bytes.data())[i]
                  : dtype_ == DType::f16 ? __half2float(reinterpret_cast<const __half*>(bytes.data())[i])
                                         : __bfloat162float(reinterpret_cast<const __nv_bfloat16*>(bytes.data())[i]);
    }
    return values;
  }
  void* data() const { return memory_.data(); }
  Matrix matrix(int rows, int cols, int stride = 0, int first_col = 0) const {
    return {memory_.as<std::byte>() + static_cast<size_t>(first_col) * bytes_of(dtype_), dtype_, rows, cols,
            stride > 0 ? stride : cols};
  }

 private:
  DType dtype_;
  size_t count_;
  Buffer memory_;
};

template <class T>
Buffer on_device(const std::vector<T>& values) {
  Buffer buffer = cuda::allocate_device(std::max<size_t>(1, values.size()) * sizeof(T), "The check");
  cuda::check(cudaMemcpy(buffer.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice), "copying");
  return buffer;
}

/// Microseconds of one run, over `runs` of them; run(i) may rotate over buffers.
template <class Run>
double microseconds(const cuda::Context& context, int runs, Run&& run) {
  cudaEvent_t begin, end;
  cudaEventCreate(&begin);
  cudaEventCreate(&end);
  for (int i = 0; i < 3; ++i) run(i);
  cudaEventRecord(begin, context.stream);
  for (int i = 0; i < runs; ++i) run(i);
  cudaEventRecord(end, context.stream);
  cuda::check(cudaEventSynchronize(end), "running the kernel");
  float elapsed = 0;
  cudaEventElapsedTime(&elapsed, begin, end);
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return 1e3 * elapsed / runs;
}

/// Runs one case; a DeviceError fails it and the next one goes on.
template <class Case>
void guarded(const std::string& name, Case&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    report(name, false, error.what());
  }
}

inline int finish() {
  std::printf("%d cases, %d failed\n", cases(), failures());
  return failures() == 0 ? 0 : 1;
}

}  // namespace flightdeck::check
