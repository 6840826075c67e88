#include "core/engine/weight_stream.h"

#include <algorithm>
#include <atomic>

#include "core/base/quote.h"
#include "core/quantize/parallel_rows.h"
#include "core/quantize/row_encoder.h"

namespace flightdeck {
namespace {

constexpr int64_t kPieceValues = 4 << 20;   // encoded before anything is written: 16 MiB as float32
constexpr int64_t kBlockValues = 32 << 10;  // converted and encoded by one thread at once, while they are in its cache

tl::unexpected<Error> cancelled() { return fail(ErrorKind::cancelled, "the build was cancelled"); }

/// Rows [begin, begin + rows) of the weight → data and scales. The number of values too large for the format, -1 when
/// stopped.
int64_t encode_piece(const WeightSource& source, const RowEncoder& encoder, int64_t begin, int64_t rows,
                     const StreamOptions& options, std::byte* data, float* scales) {
  std::atomic<int64_t> too_large = 0;
  const auto block = std::max<int64_t>(1, kBlockValues / encoder.cols);
  const bool whole = parallel_rows(rows, block, options.threads, options.stop, [&](int64_t first, int64_t last) {
    thread_local std::vector<float> values;
    values.resize(static_cast<size_t>((last - first) * encoder.cols));
    if (!source.read(begin + first, begin + last, values.data())) return;  // source.check() will tell
    too_large += encoder.encode(values.data(), last - first, data + static_cast<size_t>(first) * encoder.row_bytes(),
                                scales ? scales + first * encoder.row_scales() : nullptr);
  });
  return whole ? too_large.load() : -1;
}

}  // namespace

Result<std::vector<float>> stream_weight(const WeightSource& source, const StoredWeight& stored,
                                         const StreamOptions& options,
                                         const std::function<Result<void>(std::span<const std::byte>)>& sink,
                                         std::vector<std::byte>& keep, int64_t keep_rows) {
  const RowEncoder encoder{stored.format, stored.cols, stored.group_cols};
  const int64_t piece_rows = std::clamp<int64_t>(kPieceValues / stored.cols, 1, stored.rows);
  std::vector<std::byte> piece(static_cast<size_t>(piece_rows) * encoder.row_bytes());
  std::vector<float> scales(static_cast<size_t>(stored.rows * stored.row_scales));
  keep.reserve(static_cast<size_t>(keep_rows) * encoder.row_bytes());
  int64_t too_large = 0;
  for (int64_t begin = 0; begin < stored.rows; begin += piece_rows) {
    const int64_t rows = std::min(piece_rows, stored.rows - begin);
    const int64_t here =
        encode_piece(source, encoder, begin, rows, options, piece.data(), scales.data() + begin * stored.row_scales);
    if (here < 0 || options.stop.stop_requested()) return cancelled();
    too_large += here;
    const std::span<const std::byte> bytes(piece.data(), static_cast<size_t>(rows) * encoder.row_bytes());
    TRY_VOID(sink(bytes));
    const auto kept =
        bytes.first(static_cast<size_t>(std::clamp<int64_t>(keep_rows - begin, 0, rows)) * encoder.row_bytes());
    keep.insert(keep.end(), kept.begin(), kept.end());
    source.drop(begin, begin + rows);
    if (options.progress)
      options.progress(source.bytes() * static_cast<uint64_t>(rows) / static_cast<uint64_t>(stored.rows));
  }
  TRY_VOID(source.check());
  if (too_large > 0)
    return fail(ErrorKind::invalid_input, "{} values of {} are too large for float16: choose dtype bfloat16 or float32",
                too_large, quote(stored.tensor));
  return scales;
}

WeightFormat full_format(const WeightSource& source) {
  const DType dtype = source.dtype();
  return dtype == DType::f16 ? WeightFormat::f16 : dtype == DType::bf16 ? WeightFormat::bf16 : WeightFormat::f32;
}

Result<CanonicalWeight> full_precision_weight(const WeightSource& source, const StoredWeight& stored, int64_t rows,
                                              const StreamOptions& options) {
  CanonicalWeight weight;
  weight.view.format = full_format(source);
  weight.view.rows = static_cast<int>(rows);
  weight.view.cols = static_cast<int>(stored.cols);
  weight.view.data = source.contiguous();
  if (weight.view.data) return weight;
  weight.data.resize(data_bytes(weight.view.format, static_cast<size_t>(rows), static_cast<size_t>(stored.cols)));
  weight.view.data = weight.data.data();
  const RowEncoder encoder{weight.view.format, stored.cols, 0};
  if (encode_piece(source, encoder, 0, rows, options, weight.data.data(), nullptr) < 0) return cancelled();
  return weight;
}

}  // namespace flightdeck
