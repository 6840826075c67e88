// How the CUDA engine keeps a weight matrix on the device.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_context.h"

namespace flightdeck::cuda {

/// Float formats become the activation type, [rows, cols] row-major. Quantized formats are repacked for the mixed
/// kernels of linear_quantized.cu; unpack_rows reads both.
class CudaPackedWeight : public PackedWeight {
 public:
  CudaPackedWeight(WeightFormat stored_as, int row_count, int col_count, int group, Buffer memory_of_data,
                   Buffer memory_of_scales)
      : PackedWeight(stored_as, row_count, col_count),
        group_size(group),
        data(std::move(memory_of_data)),
        scales(std::move(memory_of_scales)) {}
  size_t bytes() const override { return data.bytes() + scales.bytes(); }

  const int group_size;  // columns a scale covers; cols for one scale a row
  const Buffer data;
  const Buffer scales;
};

/// Copies, converts and repacks on the device; `weight` may be freed afterwards. Throws DeviceOutOfMemory.
std::unique_ptr<PackedWeight> pack_weight(const WeightView& weight, Context& context);
size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size, DType activation);
/// Device memory that frees itself; throws DeviceOutOfMemory saying what it was for.
Buffer allocate_device(size_t bytes, const char* purpose);

}  // namespace flightdeck::cuda
