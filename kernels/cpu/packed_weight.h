// How the CPU engine keeps a weight matrix: tiles of 16 rows (output channels), the channels interleaved, so that one
// lane of a vector is one channel and the matrix is read once from front to back.
//
//   float formats   tile = for each column: 16 values, one a row
//   int8_channel    tile = one group
//   int4_group      tile = groups of group_cols columns
//     group = 16 float scales (64 bytes), then its columns four by four:
//       int8   64 bytes for 4 columns:  row 0 columns 0 1 2 3 | row 1 columns 0 1 2 3 | … as q + 128, unsigned
//       int4   64 bytes for 8 columns:  the same with columns 0-3 in the low nibbles, 4-7 in the high ones
//
// Activations are quantized in blocks of block_cols columns. Columns are padded to whole blocks, rows to whole tiles.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/thread_pool.h"

namespace flightdeck::cpu {

constexpr int kTileRows = 16;
constexpr int kMaxBlockCols = 64;
constexpr size_t kScaleBytes = kTileRows * sizeof(float);

struct WeightLayout {
  int tiles = 0;
  int group_cols = 0;    // of the weight, without padding
  int groups = 0;        // in a tile
  int group_blocks = 0;  // in a group
  int block_cols = 0;
  size_t group_bytes = 0;
  size_t tile_bytes = 0;

  int blocks() const { return groups * group_blocks; }
  int padded_cols() const { return blocks() * block_cols; }
  size_t bytes() const { return static_cast<size_t>(tiles) * tile_bytes; }
};

/// Throws DeviceError for a group size this engine cannot do.
WeightLayout layout_of(WeightFormat format, int rows, int cols, int group_size);

class CpuPackedWeight : public PackedWeight {
 public:
  CpuPackedWeight(WeightFormat stored_as, int row_count, int col_count, const WeightLayout& placed, Buffer packed)
      : PackedWeight(stored_as, row_count, col_count), layout(placed), memory(std::move(packed)) {}
  size_t bytes() const override { return layout.bytes(); }
  const uint8_t* tile(int index) const { return memory.as<uint8_t>() + static_cast<size_t>(index) * layout.tile_bytes; }

  const WeightLayout layout;
  const Buffer memory;
};

std::unique_ptr<PackedWeight> pack_weight(const WeightView& weight, ThreadPool& pool);
/// Row `row` as float32, cols values.
void unpack_row(const CpuPackedWeight& weight, int row, float* out);

}  // namespace flightdeck::cpu
