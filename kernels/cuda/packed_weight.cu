// Packing: the canonical weight goes up in panels of rows through scratch and is repacked by one kernel a panel.
#include <algorithm>
#include <string>

#include "kernels/cuda/activation_type.h"
#include "kernels/cuda/cuda_error.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/packed_weight.h"

namespace flightdeck::cuda {
namespace {

constexpr int kThreads = 256;
constexpr size_t kPanelBytes = size_t{32} << 20;

/// A panel of the canonical weight on the device, rows [first, first + rows) of the padded matrix.
struct Panel {
  const uint8_t* source = nullptr;
  int first = 0;  // multiple of 16
  int rows = 0;   // padded
  int valid = 0;  // of them, rows that exist
};

struct PackTarget {
  uint8_t* data = nullptr;
  int cols = 0;
  int padded_cols = 0;
};

/// Element of the panel and whether it exists; threads run over rows x padded_cols.
struct Element {
  int row, col;  // row inside the panel
  bool inside, exists;
};
__device__ __forceinline__ Element element_of(const Panel& panel, const PackTarget& target, int rows) {
  const size_t index = static_cast<size_t>(blockIdx.x) * kThreads + threadIdx.x;
  Element element;
  element.row = static_cast<int>(index / target.padded_cols);
  element.col = static_cast<int>(index % target.padded_cols);
  element.inside = element.row < rows;
  element.exists = element.row < panel.valid && element.col < target.cols;
  return element;
}

template <class From, class To>
__global__ void pack_dense_kernel(Panel panel, PackTarget target) {
  wait_for_inputs();
  const Element e = element_of(panel, target, panel.rows);
  if (!e.inside) return;
  float value = 0;
  if (e.exists)
    value = to_float(reinterpret_cast<const From*>(panel.source)[static_cast<size_t>(e.row) * target.cols + e.col]);
  reinterpret_cast<To*>(target.data)[static_cast<size_t>(panel.first + e.row) * target.padded_cols + e.col] =
      from_float<To>(value);
}

__global__ void pack_int8_kernel(Panel panel, PackTarget target) {
  wait_for_inputs();
  const Element e = element_of(panel, target, panel.rows);
  if (!e.inside) return;
  const uint8_t code = e.exists ? panel.source[static_cast<size_t>(e.row) * target.cols + e.col] ^ 0x80 : 0x80;
  target.data[int8_position(panel.first + e.row, e.col, target.padded_cols)] = code;
}

__device__ __forceinline__ uint32_t nibble_of(const Panel& panel, const PackTarget& target, int row, int col) {
  if (row >= panel.valid || col >= target.cols) return 8;
  const uint8_t both = panel.source[static_cast<size_t>(row) * (target.cols / 2) + col / 2];
  return col % 2 ? both >> 4 : both & 15;
}

/// One thread writes the byte that rows r and r + 8 of a tile share.
__global__ void pack_int4_kernel(Panel panel, PackTarget target) {
  wait_for_inputs();
  const Element e = element_of(panel, target, panel.rows / 2);
  if (!e.inside) return;
  const int row = e.row / 8 * 16 + e.row % 8;
  const uint32_t low = nibble_of(panel, target, row, e.col);
  const uint32_t high = nibble_of(panel, target, row + 8, e.col);
  target.data[int4_position(panel.first + row, e.col, target.padded_cols) / 2] = static_cast<uint8_t>(low | high << 4);
}

/// Int4 stored dense, for groups that are no multiple of 32.
template <class To>
__global__ void pack_int4_dense_kernel(Panel panel, PackTarget target, const float* scales, int group_size) {
  wait_for_inputs();
  const Element e = element_of(panel, target, panel.rows);
  if (!e.inside) return;
  float value = 0;
  if (e.exists) {
    const int groups = target.cols / group_size;
    value = (static_cast<float>(nibble_of(panel, target, e.row, e.col)) - 8.0f) *
            scales[static_cast<size_t>(panel.first + e.row) * groups + e.col / group_size];
  }
  reinterpret_cast<To*>(target.data)[static_cast<size_t>(panel.first + e.row) * target.padded_cols + e.col] =
      from_float<To>(value);
}

/// Scales of one row: the largest becomes the row's, each group's factor is relative to it, so that float16 loses
/// 2^-12 of a scale whatever the size of the weights.
__global__ void pack_scales_kernel(const float* scales, int rows, int groups, int packed_groups, int group_size,
                                   float* row_scales, __half* factors) {
  wait_for_inputs();
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row >= rows) return;
  const float* from = scales + static_cast<size_t>(row) * groups;
  float largest = fabsf(from[0]);
  for (int i = 1; i < groups; ++i) largest = fmaxf(largest, fabsf(from[i]));
  if (packed_groups == 0) {
    row_scales[row] = from[0];
    return;
  }
  row_scales[row] = largest;
  const int packed_cols = group_size % 128 == 0 ? 128 : group_size % 64 == 0 ? 64 : 32;
  for (int i = 0; i < packed_groups; ++i) {
    const int group = i * packed_cols / group_size;
    const float factor = group < groups && largest > 0 ? from[group] / largest : 0.0f;
    factors[factor_position(row, i, packed_groups)] = __float2half_rn(factor);
  }
}

int blocks_for(size_t threads) { return static_cast<int>((threads + kThreads - 1) / kThreads); }

template <class To>
void pack_dense(WeightFormat format, const Panel& panel, const PackTarget& target, Context& context) {
  const int blocks = blocks_for(static_cast<size_t>(panel.rows) * static_cast<size_t>(target.padded_cols));
  if (format == WeightFormat::f32) launch(context, pack_dense_kernel<float, To>, blocks, kThreads, 0, panel, target);
  if (format == WeightFormat::f16) launch(context, pack_dense_kernel<__half, To>, blocks, kThreads, 0, panel, target);
  if (format == WeightFormat::bf16)
    launch(context, pack_dense_kernel<__nv_bfloat16, To>, blocks, kThreads, 0, panel, target);
}

void pack_panel(const WeightView& weight, const PackedLayout& layout, const Panel& panel, const PackTarget& target,
                const float* scales, Context& context) {
  const size_t elements = static_cast<size_t>(panel.rows) * static_cast<size_t>(target.padded_cols);
  switch (layout.packing) {
    case Packing::int8_rows:
      return launch(context, pack_int8_kernel, blocks_for(elements), kThreads, 0, panel, target);
    case Packing::int4_rows:
    case Packing::int4_groups:
      return launch(context, pack_int4_kernel, blocks_for(elements / 2), kThreads, 0, panel, target);
    case Packing::dense:
      break;
  }
  with_activation_type(context.activation, [&](auto zero) {
    using T = decltype(zero);
    if (weight.format == WeightFormat::int4_group) {
      launch(context, pack_int4_dense_kernel<T>, blocks_for(elements), kThreads, 0, panel, target, scales,
             weight.group_size);
    } else {
      pack_dense<T>(weight.format, panel, target, context);
    }
  });
}

size_t scale_count(const WeightView& weight) {
  if (weight.format == WeightFormat::int8_channel) return static_cast<size_t>(weight.rows);
  if (weight.format != WeightFormat::int4_group) return 0;
  return static_cast<size_t>(weight.rows) * static_cast<size_t>(weight.cols / weight.group_size);
}

void pack_scales(const WeightView& weight, const PackedLayout& layout, const float* scales, const Buffer& memory,
                 Context& context) {
  check(cudaMemsetAsync(memory.data(), 0, memory.bytes(), context.stream), "clearing a weight's scales");
  if (layout.packing == Packing::dense) return;
  const int groups = static_cast<int>(scale_count(weight) / static_cast<size_t>(weight.rows));
  launch(context, pack_scales_kernel, blocks_for(static_cast<size_t>(weight.rows)), kThreads, 0, scales, weight.rows,
         groups, layout.groups(), weight.group_size, memory.as<float>(),
         reinterpret_cast<__half*>(memory.as<uint8_t>() + layout.factors_at));
}

}  // namespace

Buffer allocate_device(size_t bytes, const char* purpose) {
  void* memory = nullptr;
  if (bytes == 0) return {};
  if (cudaMalloc(&memory, bytes) != cudaSuccess) {
    cudaGetLastError();
    size_t available = 0, total = 0;
    cudaMemGetInfo(&available, &total);
    throw DeviceOutOfMemory(std::string(purpose) + " needs more GPU memory than is free", bytes, available);
  }
  return {memory, bytes, [](void* pointer) { cudaFree(pointer); }};
}

PackedView CudaPackedWeight::view() const {
  const uint8_t* extra = scales.as<uint8_t>();
  PackedView view;
  view.packing = layout.packing;
  view.rows = rows;
  view.cols = cols;
  view.padded_cols = layout.padded_cols;
  view.tiles = layout.tiles();
  view.steps = layout.steps();
  view.step_scales = layout.step_scales;
  view.data = data.as<uint8_t>();
  if (layout.packing != Packing::dense) view.row_scales = reinterpret_cast<const float*>(extra);
  view.factors = reinterpret_cast<const __half*>(extra + layout.factors_at);
  view.counters = reinterpret_cast<int*>(scales.as<uint8_t>() + layout.counters_at);
  return view;
}

size_t packed_bytes(WeightFormat format, int rows, int cols, int group_size, DType) {
  const PackedLayout layout = layout_of(format, rows, cols, group_size);
  return layout.data_bytes + layout.scale_bytes;
}

std::unique_ptr<PackedWeight> pack_weight(const WeightView& weight, Context& context) {
  const PackedLayout layout = layout_of(weight.format, weight.rows, weight.cols, weight.group_size);
  auto packed = std::make_unique<CudaPackedWeight>(weight.format, weight.rows, weight.cols, weight.group_size,
                                                   allocate_device(layout.data_bytes, "A weight matrix"),
                                                   allocate_device(layout.scale_bytes, "A weight's scales"));
  const size_t scale_bytes = scale_count(weight) * sizeof(float);
  const size_t row_bytes = data_bytes(weight.format, 1, static_cast<size_t>(weight.cols));
  const int rows_at_once = round_up(std::max(1, static_cast<int>(kPanelBytes / row_bytes)), kTileRows);
  const int most_rows = std::min(rows_at_once, layout.padded_rows);
  std::byte* scratch = context.scratch(aligned(scale_bytes) + row_bytes * static_cast<size_t>(most_rows));
  auto* panel_memory = reinterpret_cast<uint8_t*>(scratch + aligned(scale_bytes));
  const auto* scales = reinterpret_cast<const float*>(scratch);
  if (scale_bytes > 0) context.upload(scratch, weight.scales, scale_bytes);
  pack_scales(weight, layout, scales, packed->scales, context);
  for (int first = 0; first < layout.padded_rows; first += rows_at_once) {
    const Panel panel{panel_memory, first, std::min(rows_at_once, layout.padded_rows - first),
                      std::min(rows_at_once, weight.rows - first)};
    const auto* source = static_cast<const uint8_t*>(weight.data) + row_bytes * static_cast<size_t>(first);
    context.upload(panel_memory, source, row_bytes * static_cast<size_t>(panel.valid));
    pack_panel(weight, layout, panel, {packed->data.as<uint8_t>(), weight.cols, layout.padded_cols}, scales, context);
  }
  check(cudaStreamSynchronize(context.stream), "packing a weight");  // the caller may free the weight now
  return packed;
}

}  // namespace flightdeck::cuda
