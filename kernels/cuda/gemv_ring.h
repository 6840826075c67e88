// The weights' way into a block: every warp has a ring of slots in shared memory, and every lane copies what it alone
// will use, so that the copies need no barrier and run on across tiles.
#pragma once

#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/gemv.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/mma.h"

namespace flightdeck::cuda {

constexpr int kGemvWarps = 16;
constexpr int kGemvThreads = kGemvWarps * 32;

/// What a warp takes at once: 2 KB of weights, 16 rows by kCols columns.
template <Packing kPacking, int kScales>
struct Item {
  static constexpr bool kDense = kPacking == Packing::dense;
  static constexpr bool kInt4 = kPacking == Packing::int4_rows || kPacking == Packing::int4_groups;
  static constexpr int kSteps = kDense ? 1 : 2;  // of step_cols columns
  static constexpr int kStepCols = step_cols(kPacking);
  static constexpr int kVectors = 4;  // of 16 bytes a lane
  static constexpr int kBytes = kVectors * 512;
  static constexpr int kStepVectors = kVectors / kSteps;
  static constexpr int kSlotBytes = kBytes + kSteps * kScales * 128;
  static constexpr int kGroups = kScales == 0 ? 1 : kScales;     // of a step's columns that have one factor; int4 only
  static constexpr int kGroupVectors = kStepCols / kGroups / 8;  // of 8 activations
};

/// The linear as the kernel gets it, and where things lie in shared memory.
struct GemvPlan {
  FusedLinear linear;
  int token_slots = 0;  // of the sums of activation groups: tokens rounded up to pairs
  int tile_group = 1;   // tiles whose sums are added up at once
  int stages = 0;       // slots of a warp's ring: 3 or 5
  int sums_at = 0, norm_at = 0, group_sums_at = 0, activations_at = 0;  // bytes
};

/// The tiles of a block in the order it takes them: every n-th; for a gate every n-th pair, a tile of the first half of
/// the rows and its partner of the second.
struct BlockTiles {
  int count, half;  // half: tiles between partners, 0 without a gate

  __device__ __forceinline__ BlockTiles(int tiles, bool gated) : half(gated ? tiles / 2 : 0) {
    const int units = gated ? half : tiles, grid = gridDim.x;
    count = max(0, (units - static_cast<int>(blockIdx.x) + grid - 1) / grid) * (gated ? 2 : 1);
  }
  __device__ __forceinline__ int at(int index) const {
    const int grid = gridDim.x, block = blockIdx.x;
    return half > 0 ? block + index / 2 * grid + index % 2 * half : block + index * grid;
  }
};

/// A warp's walk over the block's items, every kGemvWarps-th of all its tiles' items in one line, so that all warps
/// have the same number of them; then over the next matrix. A unit is a step's place in memory: 1024 bytes of a
/// quantized weight, 128 bytes of a row of a dense one.
template <Packing kPacking, int kScales>
class Walk {
  using I = Item<kPacking, kScales>;
  static constexpr int kUnitBytes = I::kDense ? 128 : 1024;

 public:
  __device__ __forceinline__ Walk(const PackedView& weight, const BlockTiles& tiles, int warp, int lane) {
    const int tile_items = (weight.steps + I::kSteps - 1) / I::kSteps;
    const int tile_units = weight.steps * (I::kDense ? 16 : 1);
    const int row_bytes = weight.padded_cols * 2;
    const int grid = gridDim.x;
    steps_ = weight.steps;
    tile_steps_ = tile_items * I::kSteps;
    step_ = warp * I::kSteps;
    unit_ = tiles.at(0) * tile_units + step_;
    jump_ = (tiles.half > 0 ? tiles.half : grid) * tile_units - tile_steps_;
    other_jump_ = (tiles.half > 0 ? grid - tiles.half : grid) * tile_units - tile_steps_;
    data_ = weight.data + (I::kDense ? static_cast<size_t>(lane / 4) * row_bytes + lane % 4 * 16 : lane * 16);
    row8_bytes_ = row_bytes * 8;
    factors_ = reinterpret_cast<const uint8_t*>(weight.factors) + lane / 4 * 4;
    items_ = max(0, (tiles.count * tile_items - warp + kGemvWarps - 1) / kGemvWarps);
    into_tile();
    if (items_ == 0) let_next_start();
  }
  /// `slot` is the lane's 16 bytes of the first vector; its 4-byte factors lie behind the vectors.
  __device__ __forceinline__ void copy(uint32_t slot, uint32_t factor_slot) {
    if (items_ > 0) {
      const uint8_t* from = data_ + static_cast<size_t>(unit_) * kUnitBytes;
      const bool whole = I::kSteps == 1 || step_ + 1 < steps_;
      copy_half<0>(slot, from);
      if (whole) copy_half<1>(slot, from);
#pragma unroll
      for (int i = 0; i < I::kSteps * kScales; ++i) {
        if (i < kScales || whole) {
          copy_async4(factor_slot + i * 128, factors_ + static_cast<size_t>(unit_) * (kScales * 32) + i * 32);
        }
      }
      advance();
    }
    commit_copies();
  }

 private:
  template <int kHalf>
  __device__ __forceinline__ void copy_half(uint32_t slot, const uint8_t* from) const {
#pragma unroll
    for (int v = kHalf * 2; v < kHalf * 2 + 2; ++v) {
      copy_async16(slot + v * 512, from + (I::kDense ? v % 2 * row8_bytes_ + v / 2 * 64 : v * 512));
    }
  }
  /// The next kernel is let in when the last copy is under way: earlier it would only take bandwidth from this one.
  __device__ __forceinline__ void advance() {
    unit_ += kGemvWarps * I::kSteps;
    step_ += kGemvWarps * I::kSteps;
    into_tile();
    if (--items_ == 0) let_next_start();
  }
  __device__ __forceinline__ void into_tile() {
    while (step_ >= tile_steps_) {
      step_ -= tile_steps_;
      unit_ += jump_;
      const int jump = jump_;
      jump_ = other_jump_;
      other_jump_ = jump;
    }
  }

  const uint8_t* data_;     // this lane's
  const uint8_t* factors_;  // this lane's
  int row8_bytes_;          // dense: 8 rows further
  int unit_;
  int jump_, other_jump_;  // from behind the last item of a tile to the first of the next, and of the one after it
  int step_, steps_;       // of the tile
  int tile_steps_;         // steps rounded up to items
  int items_;              // left
};

}  // namespace flightdeck::cuda
