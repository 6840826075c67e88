// What the linear kernels share: how rows and tiles are walked, and how a result is stored.
#pragma once

#include <algorithm>

#include "kernels/cpu/packed_weight.h"
#include "kernels/ops.h"

namespace flightdeck::cpu {

/// Threads take tiles two by two.
constexpr int kTilesPerUnit = 2;

constexpr int units_of(int tiles) { return (tiles + kTilesPerUnit - 1) / kTilesPerUnit; }

/// Units that make it worth waking another thread.
inline int units_per_chunk(const LinearArgs& args) {
  const int64_t per_unit = int64_t{kTilesPerUnit * kTileRows} * args.in.cols * args.in.rows;
  return static_cast<int>(std::clamp<int64_t>(131072 / std::max<int64_t>(per_unit, 1), 1, 1 << 20));
}

/// Kernel::multiply<tokens, tiles>(job, tile, token) for the tiles of units [begin, end) and all rows; every weight is
/// loaded once for up to Kernel::kMaxTokens rows, and a unit stays in the second-level cache for the next rows.
template <class Kernel, int kTiles, int kTokens, class Job>
void multiply_tokens(const Job& job, int tile, int token, int tokens) {
  if (tokens == kTokens) {
    Kernel::template multiply<kTokens, kTiles>(job, tile, token);
  } else if constexpr (kTokens > 1) {
    multiply_tokens<Kernel, kTiles, kTokens - 1>(job, tile, token, tokens);
  }
}

template <class Kernel, int kTiles, class Job>
void multiply_rows(const Job& job, int tile, int rows) {
  const int passes = (rows + Kernel::kMaxTokens - 1) / Kernel::kMaxTokens;
  for (int pass = 0; pass < passes; ++pass) {
    const int token = rows * pass / passes;
    const int next = rows * (pass + 1) / passes;
    multiply_tokens<Kernel, kTiles, Kernel::kMaxTokens>(job, tile, token, next - token);
  }
}

template <class Kernel, class Job>
void for_each_tile(const Job& job, int rows, int tiles, int begin, int end) {
  const int last = std::min(end * kTilesPerUnit, tiles);
  for (int tile = begin * kTilesPerUnit; tile < last;) {
    if constexpr (Kernel::kMaxTiles == 2) {
      // One row reads its tiles one after another: a single stream is what memory delivers fastest.
      if (tile + 1 < last && rows > 1) {
        multiply_rows<Kernel, 2>(job, tile, rows);
        tile += 2;
        continue;
      }
    }
    multiply_rows<Kernel, 1>(job, tile, rows);
    ++tile;
  }
}

/// out[row][channel...] = lanes + bias, without the channels of padding.
inline void store_channels(const LinearArgs& args, int row, int channel, const float* lanes, int count) {
  float* out = args.out.row<float>(row) + channel;
  const int valid = std::min(count, args.out.cols - channel);
  for (int i = 0; i < valid; ++i) out[i] = args.bias ? lanes[i] + args.bias[channel + i] : lanes[i];
}

}  // namespace flightdeck::cpu
