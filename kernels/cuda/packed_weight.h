// How the CUDA engine keeps a weight matrix on the device.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/packed_layout.h"

namespace flightdeck::cuda {

/// What a kernel needs to know of a packed weight; passed by value.
struct PackedView {
  Packing packing = Packing::dense;
  int rows = 0;
  int cols = 0;
  int padded_cols = 0;
  int tiles = 0;        // of 16 rows
  int steps = 0;        // of step_cols(packing) columns
  int step_scales = 0;  // factors a row in one step
  const uint8_t* data = nullptr;
  const float* row_scales = nullptr;  // [padded_rows]; none when dense
  const __half* factors = nullptr;    // factor_position(); int4_groups only
  int* counters = nullptr;            // blocks that have delivered their share of a tile; 0 between kernels
};

/// Float formats become the activation type, row-major; quantized formats lie in the order of packed_layout.h.
class CudaPackedWeight : public PackedWeight {
 public:
  CudaPackedWeight(WeightFormat stored_as, int row_count, int col_count, int group, Buffer memory_of_data,
                   Buffer memory_of_scales)
      : PackedWeight(stored_as, row_count, col_count),
        group_size(group),
        layout(layout_of(stored_as, row_count, col_count, group)),
        data(std::move(memory_of_data)),
        scales(std::move(memory_of_scales)) {}
  size_t bytes() const override { return data.bytes() + scales.bytes(); }
  PackedView view() const;

  const int group_size;  // columns a scale covers; cols for one scale a row
  const PackedLayout layout;
  const Buffer data;
  const Buffer scales;
};

/// Copies, converts and repacks on the device; `weight` may be freed afterwards. Throws DeviceOutOfMemory.
std::unique_ptr<PackedWeight> pack_weight(const WeightView& weight, Context& context);
size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size, DType activation);
/// Device memory that frees itself; throws DeviceOutOfMemory saying what it was for.
Buffer allocate_device(size_t bytes, const char* purpose);

}  // namespace flightdeck::cuda
