// One weight from checkpoint to engine bytes, a few megabytes at a time.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/engine/engine_format.h"
#include "core/engine/weight_source.h"

namespace flightdeck {

struct StreamOptions {
  int threads = 0;
  std::stop_token stop;
  std::function<void(uint64_t)> progress;  // bytes of the checkpoint just read
};

/// A weight in its canonical bytes, in memory or in the mapped checkpoint.
struct CanonicalWeight {
  std::vector<std::byte> data;
  std::vector<float> scales;
  WeightView view;  // points into the two above, or into a mapped file
};

/// Encodes `source` as `stored`; `sink` gets the data bytes in order. Returns the scales. The first keep_rows rows are
/// also collected in `keep`.
Result<std::vector<float>> stream_weight(const WeightSource& source, const StoredWeight& stored,
                                         const StreamOptions& options,
                                         const std::function<Result<void>(std::span<const std::byte>)>& sink,
                                         std::vector<std::byte>& keep, int64_t keep_rows);

/// The format that loses nothing of the checkpoint.
WeightFormat full_format(const WeightSource& source);
/// The first rows of the weight in that format.
Result<CanonicalWeight> full_precision_weight(const WeightSource& source, const StoredWeight& stored, int64_t rows,
                                              const StreamOptions& options);

}  // namespace flightdeck
