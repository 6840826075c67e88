// Stream-k (Osama et al. 2023, 2301.03598): the steps of all tiles in one line, cut into equal pieces.
#pragma once

#include "kernels/cuda/packed_layout.h"

namespace flightdeck::cuda {

/// Steps [begin_of(b), begin_of(b + 1)) of the line belong to block b of `blocks`; total * blocks < 2^31.
FLIGHTDECK_HOST_DEVICE int begin_of(int block, int blocks, int total) { return total * block / blocks; }
FLIGHTDECK_HOST_DEVICE int block_of(int step, int blocks, int total) { return ((step + 1) * blocks - 1) / total; }

/// Place in the line: step of a tile; tiles run over tokens first, then rows.
struct Place {
  int row_tile, token_tile, step;
  FLIGHTDECK_HOST_DEVICE Place(int at, int steps, int token_tiles)
      : row_tile(at / steps / token_tiles), token_tile(at / steps % token_tiles), step(at % steps) {}
  /// True when a new tile begins.
  FLIGHTDECK_HOST_DEVICE bool advance(int steps, int token_tiles) {
    if (++step < steps) return false;
    step = 0;
    if (++token_tile == token_tiles) {
      token_tile = 0;
      ++row_tile;
    }
    return true;
  }
};

}  // namespace flightdeck::cuda
