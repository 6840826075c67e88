#include "core/engine/weight_source.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

/// How many of the values are infinite or no number, and whether any is not zero.
struct Found {
  int64_t not_finite = 0;
  bool has_nonzero = false;
};

Found scan(const float* values, int64_t count) {
  constexpr uint32_t kExponent = 0x7f800000u;
  uint32_t any = 0;
  int32_t not_finite = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = std::bit_cast<uint32_t>(values[i]);
    any |= bits << 1;  // without the sign: -0 is zero
    not_finite += (bits & kExponent) == kExponent ? 1 : 0;
  }
  return {not_finite, any != 0};
}

/// A matrix of spec.cols columns, or for a vector its one dimension.
bool has_shape(const TensorInfo& tensor, const WeightSpec& spec) {
  if (spec.role == WeightRole::vector) return tensor.shape.size() == 1;
  return tensor.shape.size() == 2 && tensor.shape[1] == spec.cols;
}

}  // namespace

Result<WeightSource> WeightSource::open(const Checkpoint& checkpoint, const WeightSpec& spec) {
  WeightSource source;
  source.checkpoint_ = &checkpoint;
  source.spec_ = &spec;
  const bool is_vector = spec.role == WeightRole::vector;
  const int64_t wanted = is_vector ? spec.cols : spec.rows;
  int64_t found = 0;
  std::string names;
  for (const WeightPart& part : spec.parts) {
    const TensorInfo* known = checkpoint.find(part.tensor);
    TRY(const TensorInfo* tensor, checkpoint.weight(part.tensor, known ? known->shape : std::vector<int64_t>{}));
    names += (names.empty() ? "" : " + ") + quote(part.tensor) + fmt::format(" [{}]", fmt::join(tensor->shape, ", "));
    const int64_t rows = tensor->shape.empty() ? 0 : tensor->shape[0];
    const int64_t end = part.row_end < 0 ? rows : part.row_end;
    if (!has_shape(*tensor, spec) || part.row_begin < 0 || part.row_begin >= end || end > rows)
      return fail(ErrorKind::corrupt, "{}: {} does not fit config.json, which asks for rows {} to {} of {} columns",
                  checkpoint.folder(), names, part.row_begin, part.row_end < 0 ? wanted : end, spec.cols);
    source.parts_.push_back({tensor, part.row_begin, end - part.row_begin});
    found += end - part.row_begin;
  }
  if (found != wanted)
    return fail(ErrorKind::corrupt, "{}: {} has {} rows for {}, config.json asks for {}", checkpoint.folder(), names,
                found, quote(spec.name), wanted);
  source.scans_ = std::make_unique<Scan[]>(source.parts_.size());
  return source;
}

void WeightSource::convert(const Part& part, int64_t begin, int64_t end, float* out) const {
  convert_to_f32(*part.tensor, part.tensor_row + begin, part.tensor_row + end, out);
}

bool WeightSource::read(int64_t begin, int64_t end, float* out) const {
  // A vector is one row made of all its parts.
  const bool is_vector = spec_->role == WeightRole::vector;
  const int64_t cols = is_vector ? 1 : spec_->cols;
  const int64_t first = is_vector ? 0 : begin, last = is_vector ? spec_->cols : end;
  bool is_finite = true;
  int64_t at = 0;
  float* to = out;
  for (size_t i = 0; i < parts_.size(); at += parts_[i++].rows) {
    const int64_t from = std::max(first, at), until = std::min(last, at + parts_[i].rows);
    if (from >= until) continue;
    convert(parts_[i], from - at, until - at, to);
    const Found found = scan(to, (until - from) * cols);
    if (found.not_finite > 0) scans_[i].not_finite += found.not_finite;
    if (found.has_nonzero) scans_[i].has_nonzero = true;
    is_finite = is_finite && found.not_finite == 0;
    to += (until - from) * cols;
  }
  if (spec_->normalize_rows) normalize(end - begin, out);
  return is_finite;
}

void WeightSource::read_sample(int64_t row, float* out) const {
  int64_t at = 0;
  for (const Part& part : parts_) {
    if (row >= at && row < at + part.rows) convert(part, row - at, row - at + 1, out);
    at += part.rows;
  }
  if (spec_->normalize_rows) normalize(1, out);
}

/// Like torch.nn.functional.normalize: x / max(|x|, 1e-12).
void WeightSource::normalize(int64_t rows, float* values) const {
  for (int64_t row = 0; row < rows; ++row) {
    float* x = values + row * spec_->cols;
    double squares = 0;
    for (int64_t i = 0; i < spec_->cols; ++i) squares += static_cast<double>(x[i]) * x[i];
    const auto norm = static_cast<float>(std::max(std::sqrt(squares), 1e-12));
    for (int64_t i = 0; i < spec_->cols; ++i) x[i] /= norm;
  }
}

Result<void> WeightSource::check() const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::string name = quote(parts_[i].tensor->name);
    if (scans_[i].not_finite > 0)
      return fail(
          ErrorKind::corrupt,
          "{}: tensor {} holds {} values that are infinite or not a number: the checkpoint is damaged, download "
          "it again",
          checkpoint_->folder(), name, scans_[i].not_finite.load());
    if (!scans_[i].has_nonzero)
      return fail(ErrorKind::corrupt,
                  "{}: all {} values of tensor {} are zero: the checkpoint is damaged, download it again",
                  checkpoint_->folder(), parts_[i].rows * (spec_->role == WeightRole::vector ? 1 : spec_->cols), name);
  }
  return {};
}

void WeightSource::drop(int64_t begin, int64_t end) const {
  int64_t at = 0;
  for (const Part& part : parts_) {
    const int64_t from = std::max(begin, at), until = std::min(end, at + part.rows);
    if (spec_->role != WeightRole::vector && from < until) {
      const size_t row_bytes = static_cast<size_t>(spec_->cols) * bytes_of(part.tensor->dtype);
      TensorInfo rows = *part.tensor;
      rows.data = rows.data.subspan(static_cast<size_t>(part.tensor_row + from - at) * row_bytes,
                                    static_cast<size_t>(until - from) * row_bytes);
      checkpoint_->drop(rows);
    }
    at += part.rows;
  }
}

uint64_t WeightSource::bytes() const {
  uint64_t bytes = 0;
  for (const Part& part : parts_) {
    const auto cols = static_cast<uint64_t>(spec_->role == WeightRole::vector ? 1 : spec_->cols);
    bytes += static_cast<uint64_t>(part.rows) * cols * bytes_of(part.tensor->dtype);
  }
  return bytes;
}

DType WeightSource::dtype() const {
  const DType first = parts_[0].tensor->dtype;
  const bool same = std::all_of(parts_.begin(), parts_.end(), [&](const Part& p) { return p.tensor->dtype == first; });
  if (!same || first == DType::f32) return DType::f32;
  return spec_->normalize_rows ? DType::f16 : first;  // values of at most 1 need no exponent
}

const void* WeightSource::contiguous() const {
  if (parts_.size() != 1 || spec_->normalize_rows) return nullptr;
  const TensorInfo& tensor = *parts_[0].tensor;
  const auto offset = static_cast<size_t>(parts_[0].tensor_row * spec_->cols) * bytes_of(tensor.dtype);
  const std::byte* data = tensor.data.data() + offset;
  return reinterpret_cast<uintptr_t>(data) % bytes_of(tensor.dtype) == 0 ? data : nullptr;
}

}  // namespace flightdeck
