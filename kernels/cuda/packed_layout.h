// Where every element of a packed weight lies. Quantized weights are kept in the order in which the lanes of a warp
// hold the A operand of mma.m16n8k16, so that one 16-byte load of a lane is whole fragments. Plain functions of
// integers: tests run them on the host.
#pragma once

#include <cuda_fp16.h>

#include <cstddef>
#include <cstdint>

#include "kernels/tensor.h"

#ifdef __CUDACC__
#define FLIGHTDECK_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define FLIGHTDECK_HOST_DEVICE inline
#endif

namespace flightdeck::cuda {

constexpr int kTileRows = 16;     // rows of one mma
constexpr int kChunkBytes = 512;  // what a warp loads with one 16-byte load a lane

/// How the bytes lie. A chunk is 16 rows by 32 columns (int8) or by 64 (int4); chunks of one tile of rows follow each
/// other. Dense is [padded_rows, padded_cols] row-major, as cuBLASLt wants it.
enum class Packing : uint8_t {
  dense,       // activation type
  int8_rows,   // value + 128, one scale a row
  int4_rows,   // value + 8, one scale a row
  int4_groups  // value + 8, one scale a row times one float16 factor for each group of 128, 64 or 32 columns
};

constexpr int chunk_cols(Packing packing) { return packing == Packing::int8_rows ? 32 : 64; }
/// Columns are padded to a multiple of this: what a warp takes at once.
constexpr int step_cols(Packing packing) {
  return packing == Packing::int4_rows || packing == Packing::int4_groups ? 128 : 64;
}

/// The columns of a 32-column block are dealt to the four lanes of a row in runs of 8, so that a lane's activations are
/// one 16-byte load: of the two mma of a block, the first takes the first 4 of each run.
/// Byte of element (row, col) of an int8 weight.
FLIGHTDECK_HOST_DEVICE size_t int8_position(int row, int col, int padded_cols) {
  const size_t chunk = static_cast<size_t>(row / 16) * (padded_cols / 32) + col / 32;
  const int lane = row % 8 * 4 + col % 32 / 8;
  const int k = col % 8;
  return chunk * kChunkBytes + lane * 16 + k / 4 * 8 + row % 16 / 8 * 4 + k % 4;
}
/// Nibble of element (row, col) of an int4 weight; nibbles 2i and 2i + 1 are the low and high half of byte i. Rows r
/// and r + 8 share a byte. Of a 32-bit word, nibbles i and i + 4 are register i of the fragment.
FLIGHTDECK_HOST_DEVICE size_t int4_position(int row, int col, int padded_cols) {
  const size_t chunk = static_cast<size_t>(row / 16) * (padded_cols / 64) + col / 64;
  const int lane = row % 8 * 4 + col % 32 / 8;
  const int k = col % 8;
  const int word = col % 64 / 32 * 2 + k / 4;
  return (chunk * kChunkBytes + lane * 16 + word * 4) * 2 + k % 4 / 2 * 2 + row % 16 / 8 + k % 2 * 4;
}
/// Factor of group `group` of `groups` in a row: [tile, group, row % 8, row / 8 % 2].
FLIGHTDECK_HOST_DEVICE size_t factor_position(int row, int group, int groups) {
  return (static_cast<size_t>(row / 16) * groups + group) * 16 + row % 8 * 2 + row % 16 / 8;
}

/// Activations that wgmma multiplies with such fragments: panels of 64 columns, 128 bytes a token, in the order in which
/// the sum runs over the fragments' columns. Byte of word `word` (columns 2 word, 2 word + 1) of the 8-column vector
/// `vector` of `token` in a panel, under the 128-byte swizzle.
FLIGHTDECK_HOST_DEVICE int panel_position(int token, int vector, int word) {
  return token * 128 + (((vector / 4 * 4 + word) ^ (token % 8)) << 4) + vector % 4 * 4;
}

/// Sizes of a packed weight; everything but `data` lies in one buffer: row scales, factors, counters.
struct PackedLayout {
  Packing packing = Packing::dense;
  int rows = 0;
  int cols = 0;
  int padded_rows = 0;
  int padded_cols = 0;
  int step_scales = 0;  // int4_groups: factors a row in 128 columns: 1, 2 or 4
  size_t data_bytes = 0;
  size_t factors_at = 0;
  size_t counters_at = 0;
  size_t scale_bytes = 0;

  int tiles() const { return padded_rows / kTileRows; }
  int steps() const { return padded_cols / step_cols(packing); }
  int groups() const { return padded_cols / 128 * step_scales; }
};

constexpr int kMixedRows = 128;    // rows of a block of mixed_gemm.cu
constexpr int kMaxTokenTiles = 8;  // of mixed_gemm.cu
constexpr size_t kScaleAlign = 256;

inline int round_up(int value, int to) { return (value + to - 1) / to * to; }
inline size_t aligned(size_t bytes) { return (bytes + kScaleAlign - 1) / kScaleAlign * kScaleAlign; }

/// An int4 group that is no multiple of 32 columns becomes a dense weight: correct, and as large as float16.
inline PackedLayout layout_of(WeightFormat format, int rows, int cols, int group_size) {
  PackedLayout layout;
  layout.rows = rows;
  layout.cols = cols;
  if (format == WeightFormat::int8_channel) layout.packing = Packing::int8_rows;
  if (format == WeightFormat::int4_group) {
    if (group_size == cols) {
      layout.packing = Packing::int4_rows;
    } else if (group_size % 32 == 0) {
      layout.packing = Packing::int4_groups;
      layout.step_scales = group_size % 128 == 0 ? 1 : group_size % 64 == 0 ? 2 : 4;
    }
  }
  layout.padded_rows = round_up(rows, kTileRows);
  layout.padded_cols = round_up(cols, step_cols(layout.packing));
  const size_t elements = static_cast<size_t>(layout.padded_rows) * static_cast<size_t>(layout.padded_cols);
  layout.data_bytes = layout.packing == Packing::dense       ? elements * 2
                      : layout.packing == Packing::int8_rows ? elements
                                                             : elements / 2;
  if (layout.packing != Packing::dense) {
    layout.factors_at = aligned(static_cast<size_t>(layout.padded_rows) * sizeof(float));
  }
  layout.counters_at = aligned(layout.factors_at + static_cast<size_t>(layout.padded_rows) *
                                                       static_cast<size_t>(layout.groups()) * sizeof(__half));
  layout.scale_bytes =
      layout.counters_at + static_cast<size_t>(round_up(rows, kMixedRows) / kMixedRows) * kMaxTokenTiles * sizeof(int);
  return layout;
}

}  // namespace flightdeck::cuda
