// The rows of one engine weight, gathered from the checkpoint's tensors. Const reads from any number of threads.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/graph/graph.h"

namespace flightdeck {

class WeightSource {
 public:
  /// Finds the tensors and checks their shapes and dtypes. Checkpoint and spec must outlive the source.
  static Result<WeightSource> open(const Checkpoint& checkpoint, const WeightSpec& spec);

  /// Rows [begin, end) as float32, stacked and normalised as the spec says. False when one is infinite or no number.
  bool read(int64_t begin, int64_t end, float* out) const;
  /// Row `row` alone, for samples: not counted for check().
  void read_sample(int64_t row, float* out) const;
  /// After all rows were read: an error naming the tensor that holds infinities, no numbers, or nothing but zeros.
  Result<void> check() const;
  /// The pages of these rows will not be read again soon.
  void drop(int64_t begin, int64_t end) const;
  uint64_t bytes() const;  // in the checkpoint

  /// The smallest dtype that keeps the rows: that of all parts, f32 when they differ; f16 for normalised 16-bit rows.
  DType dtype() const;
  /// All bytes of rows, when they lie in one piece, aligned for their dtype and unchanged by normalisation; else null.
  const void* contiguous() const;

 private:
  struct Part {
    const TensorInfo* tensor = nullptr;
    int64_t tensor_row = 0;  // in units of the weight's rows
    int64_t rows = 0;
  };
  struct Scan {
    std::atomic<int64_t> not_finite = 0;
    std::atomic<bool> has_nonzero = false;
  };
  void convert(const Part& part, int64_t begin, int64_t end, float* out) const;
  void normalize(int64_t rows, float* values) const;

  const Checkpoint* checkpoint_ = nullptr;
  const WeightSpec* spec_ = nullptr;
  std::vector<Part> parts_;
  std::unique_ptr<Scan[]> scans_;  // one a part
};

}  // namespace flightdeck
