#include "kernels/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/cpu/aligned_memory.h"
#include "kernels/cpu/half.h"
#include "kernels/device_error.h"

namespace flightdeck::cpu {
namespace {

constexpr int kLane4 = 4;                    // columns that stand together
constexpr uint32_t kZeroInt8 = 0x80808080u;  // four codes of the value 0
constexpr uint32_t kZeroInt4 = 0x88888888u;  // eight
constexpr int kTilesPerChunk = 4;

bool is_float(WeightFormat format) {
  return format == WeightFormat::f32 || format == WeightFormat::f16 || format == WeightFormat::bf16;
}

int element_bytes(WeightFormat format) { return format == WeightFormat::f32 ? 4 : 2; }

/// The largest multiple of 8, at most kMaxBlockCols, that divides the group; 0 when there is none.
int block_of_group(int group_cols) {
  for (int block = kMaxBlockCols; block > 0; block -= 8) {
    if (group_cols % block == 0) return block;
  }
  return 0;
}

template <class T>
void pack_float_tile(const WeightView& weight, int first_row, T* tile) {
  const auto* data = static_cast<const T*>(weight.data);
  for (int r = 0; r < kTileRows; ++r) {
    const int row = first_row + r;
    const T* from = data + static_cast<size_t>(row) * static_cast<size_t>(weight.cols);
    for (int c = 0; c < weight.cols; ++c) tile[c * kTileRows + r] = row < weight.rows ? from[c] : T{};
  }
}

/// Four int8 codes from column c, the value 0 beyond the last.
uint32_t int8_quad(const uint8_t* row, int c, int cols) {
  uint32_t quad = 0;
  std::memcpy(&quad, row + c, static_cast<size_t>(std::min(kLane4, cols - c)));
  return quad ^ kZeroInt8;
}

/// Eight nibbles from column c with columns j and j + 4 in one byte, the value 0 beyond the last.
uint32_t int4_octet(const uint8_t* row, int c, int cols) {
  uint32_t canonical = kZeroInt4;
  std::memcpy(&canonical, row + c / 2, static_cast<size_t>(std::min(2 * kLane4, cols - c) / 2));
  uint32_t octet = 0;
  for (int j = 0; j < kLane4; ++j) {
    const uint32_t low = (canonical >> (4 * j)) & 15u;
    const uint32_t high = (canonical >> (4 * (j + kLane4))) & 15u;
    octet |= (low | (high << 4)) << (8 * j);
  }
  return octet;
}

void pack_quantized_row(const WeightView& weight, const WeightLayout& layout, int row, uint8_t* lane) {
  const bool int8 = weight.format == WeightFormat::int8_channel;
  const int step = int8 ? kLane4 : 2 * kLane4;
  const size_t row_bytes = data_bytes(weight.format, 1, static_cast<size_t>(weight.cols));
  const auto* codes = static_cast<const uint8_t*>(weight.data) + static_cast<size_t>(row) * row_bytes;
  for (int group = 0; group < layout.groups; ++group, lane += layout.group_bytes) {
    const float scale =
        weight.scales[static_cast<size_t>(row) * static_cast<size_t>(layout.groups) + static_cast<size_t>(group)];
    std::memcpy(lane, &scale, sizeof(scale));
    const int begin = group * layout.group_cols;
    const int padded = layout.group_blocks * layout.block_cols;
    for (int c = 0; c < padded; c += step) {
      uint32_t word = int8 ? kZeroInt8 : kZeroInt4;
      if (begin + c < weight.cols) {
        word = int8 ? int8_quad(codes, begin + c, weight.cols) : int4_octet(codes, begin + c, weight.cols);
      }
      std::memcpy(lane + kScaleBytes + static_cast<size_t>(c / step) * kTileRows * kLane4, &word, sizeof(word));
    }
  }
}

void pack_tile(const WeightView& weight, const WeightLayout& layout, int tile, uint8_t* out) {
  const int first_row = tile * kTileRows;
  if (is_float(weight.format)) {
    if (weight.format == WeightFormat::f32) {
      pack_float_tile(weight, first_row, reinterpret_cast<float*>(out));
    } else {
      pack_float_tile(weight, first_row, reinterpret_cast<uint16_t*>(out));
    }
    return;
  }
  if (first_row + kTileRows > weight.rows) std::memset(out, 0, layout.tile_bytes);  // rows of padding: scale 0
  for (int r = 0; r < std::min(kTileRows, weight.rows - first_row); ++r) {
    pack_quantized_row(weight, layout, first_row + r, out + r * kLane4);
  }
}

}  // namespace

WeightLayout layout_of(WeightFormat format, int rows, int cols, int group_size) {
  WeightLayout layout;
  layout.tiles = (rows + kTileRows - 1) / kTileRows;
  if (is_float(format)) {
    layout.tile_bytes = static_cast<size_t>(cols) * kTileRows * static_cast<size_t>(element_bytes(format));
    return layout;
  }
  layout.group_cols = format == WeightFormat::int8_channel ? cols : group_size;
  const bool one_group = layout.group_cols == cols;
  layout.block_cols = one_group ? kMaxBlockCols : block_of_group(layout.group_cols);
  if (layout.group_cols <= 0 || cols % layout.group_cols != 0 || layout.block_cols == 0) {
    throw DeviceError("[pack] group size " + std::to_string(layout.group_cols) + " with " + std::to_string(cols) +
                      " columns: a group must be a multiple of 8 and divide the columns; choose 32, 64 or 128");
  }
  layout.groups = cols / layout.group_cols;
  layout.group_blocks = (layout.group_cols + layout.block_cols - 1) / layout.block_cols;
  const size_t codes = static_cast<size_t>(layout.group_blocks * layout.block_cols) * kTileRows;
  layout.group_bytes = kScaleBytes + (format == WeightFormat::int8_channel ? codes : codes / 2);
  layout.tile_bytes = layout.group_bytes * static_cast<size_t>(layout.groups);
  return layout;
}

std::unique_ptr<PackedWeight> pack_weight(const WeightView& weight, ThreadPool& pool) {
  const WeightLayout layout = layout_of(weight.format, weight.rows, weight.cols, weight.group_size);
  Buffer memory = allocate_aligned(layout.bytes(), "A weight matrix");
  uint8_t* out = memory.as<uint8_t>();
  pool.parallel_for(layout.tiles, kTilesPerChunk, [&](int begin, int end, int) {
    for (int tile = begin; tile < end; ++tile) {
      pack_tile(weight, layout, tile, out + static_cast<size_t>(tile) * layout.tile_bytes);
    }
  });
  return std::make_unique<CpuPackedWeight>(weight.format, weight.rows, weight.cols, layout, std::move(memory));
}

void unpack_row(const CpuPackedWeight& weight, int row, float* out) {
  const uint8_t* tile = weight.tile(row / kTileRows);
  const int lane = row % kTileRows;
  const WeightLayout& layout = weight.layout;
  for (int c = 0; c < weight.cols; ++c) {
    const int at = c * kTileRows + lane;
    switch (weight.format) {
      case WeightFormat::f32:
        out[c] = reinterpret_cast<const float*>(tile)[at];
        break;
      case WeightFormat::f16:
        out[c] = float_of_half(reinterpret_cast<const uint16_t*>(tile)[at]);
        break;
      case WeightFormat::bf16:
        out[c] = float_of_bf16(reinterpret_cast<const uint16_t*>(tile)[at]);
        break;
      case WeightFormat::int8_channel:
      case WeightFormat::int4_group: {
        const uint8_t* group = tile + static_cast<size_t>(c / layout.group_cols) * layout.group_bytes;
        const float scale = reinterpret_cast<const float*>(group)[lane];
        const int in_group = c % layout.group_cols;
        const bool int8 = weight.format == WeightFormat::int8_channel;
        const int word = (in_group / (int8 ? kLane4 : 2 * kLane4)) * kTileRows + lane;
        const int byte = group[kScaleBytes + static_cast<size_t>(word * kLane4 + in_group % kLane4)];
        const int nibble = in_group % (2 * kLane4) < kLane4 ? byte & 15 : byte >> 4;
        out[c] = static_cast<float>(int8 ? byte - 128 : nibble - 8) * scale;
      }
    }
  }
}

}  // namespace flightdeck::cpu
