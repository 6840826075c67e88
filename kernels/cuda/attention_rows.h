// What both prefill kernels share: which query tokens a block takes, and the rows' online softmax (Milakov & Gimelshein
// 2018, 1805.02867) in the registers of a warp.
#pragma once

#include <cmath>

#include "kernels/cuda/attention_primitives.h"

#ifdef __CUDACC__

namespace flightdeck::cuda {

constexpr float kSlack = 8;  // the reference score lags behind the largest by at most 2^8: weights stay in float16

/// The query tokens of one block.
struct QueryTile {
  int sequence = -1;  // none
  int token = 0;      // first one, in the packed order
  int rows = 0;
  int before = 0;  // tokens of the sequence's chunk in front of it
};

/// Finds tile `wanted`, counted from the end so that the longest rows start first; all threads of a warp call it.
/// Sequences with one token have no tiles here.
__device__ __forceinline__ QueryTile find_tile(const AttentionParams& p, int wanted, int rows_of_tile) {
  const int lane = threadIdx.x % 32;
  for (int top = p.sequences; top > 0; top -= 32) {
    const int sequence = top - 1 - lane;
    int tokens = 0, start = 0;
    if (sequence >= 0) {
      start = p.query_offsets[sequence];
      tokens = p.query_offsets[sequence + 1] - start;
    }
    const int tiles = tokens > 1 ? (tokens + rows_of_tile - 1) / rows_of_tile : 0;
    int upto = tiles;  // of this lane and the lanes before it
    for (int step = 1; step < 32; step <<= 1) {
      const int other = __shfl_up_sync(~0u, upto, step);
      if (lane >= step) upto += other;
    }
    const unsigned reached = __ballot_sync(~0u, upto > wanted);
    if (reached == 0) {
      wanted -= __shfl_sync(~0u, upto, 31);
      continue;
    }
    const int owner = __ffs(reached) - 1;
    const int before = (tiles - 1 - (wanted - (upto - tiles))) * rows_of_tile;
    QueryTile tile;
    tile.sequence = __shfl_sync(~0u, sequence, owner);
    tile.token = __shfl_sync(~0u, start + before, owner);
    tile.rows = min(rows_of_tile, __shfl_sync(~0u, tokens - before, owner));
    tile.before = __shfl_sync(~0u, before, owner);
    return tile;
  }
  return {};
}

/// One warp's rows. Lane = 4 g + t holds rows g and g + 8 of each 16, columns 2t, 2t + 1 of each 8.
template <int kD, int kM, int kKeys, bool kGeneral>
struct QueryRows {
  float sums[kM][kD / 8][4] = {};
  float largest[kM][2];
  float total[kM][2] = {};  // of this lane's columns
  float slope;              // of the head, in powers of two
  int first_row;            // position of the warp's row 0

  /// Scores of keys a row does not see become -inf; general scores become powers of two here.
  __device__ __forceinline__ void mask(const AttentionParams& p, int begin, float (&scores)[kM][kKeys / 8][4]) const {
    const int lane = threadIdx.x % 32;
    const bool edge = begin + kKeys - 1 > first_row || (p.window > 0 && begin <= first_row + kM * 16 - 1 - p.window);
    if (!kGeneral && !edge) return;
    const int farthest = p.window > 0 ? -p.window : INT32_MIN;  // distance of the first key not seen
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const int row = first_row + m * 16 + lane / 4 + (j / 2) * 8;
          const int distance = begin + n * 8 + 2 * (lane % 4) + j % 2 - row;
          float& x = scores[m][n][j];
          if (kGeneral) x = log2_score(p, x, slope, distance);
          if (distance > 0 || distance <= farthest) x = -INFINITY;
        }
      }
    }
  }

  /// Scores become weights relative to the rows' running reference. True when it moved for a row of the warp: the sums
  /// have to follow then.
  __device__ __forceinline__ bool soften(float factor, float (&scores)[kM][kKeys / 8][4], float (&shrink)[kM][2]) {
    bool moved = false;
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float top = -INFINITY;
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) top = fmaxf(top, fmaxf(scores[m][n][2 * h], scores[m][n][2 * h + 1]));
        top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
        top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
        if (!kGeneral) top *= factor;
        const float before = largest[m][h];
        const float now = top > before + kSlack ? top : before;
        shrink[m][h] = now == before ? 1.0f : exp2_fast(before - now);
        moved |= now != before;
        largest[m][h] = now;
        const float minus = now == -INFINITY ? 0.0f : -now;  // a row that has seen no key yet
        float sum = 0;
#pragma unroll
        for (int n = 0; n < kKeys / 8; ++n) {
#pragma unroll
          for (int j = 2 * h; j < 2 * h + 2; ++j) {
            float& x = scores[m][n][j];
            x = exp2_fast(kGeneral ? x + minus : fmaf(x, factor, minus));
            sum += x;
          }
        }
        total[m][h] = fmaf(total[m][h], shrink[m][h], sum);
      }
    }
    return __any_sync(~0u, moved);
  }

  __device__ __forceinline__ void rescale(const float (&shrink)[kM][2]) {
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int n = 0; n < kD / 8; ++n) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[m][n][j] *= shrink[m][j / 2];
      }
    }
  }

  __device__ __forceinline__ void store(const AttentionParams& p, int token, int rows, int head) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int m = 0; m < kM; ++m) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        float all = total[m][h];
        all += __shfl_xor_sync(~0u, all, 1);
        all += __shfl_xor_sync(~0u, all, 2);
        const int row = m * 16 + h * 8 + lane / 4;
        if (row >= rows) continue;
        const float inverse = 1.0f / all;
        uint16_t* out = result_row(p, token + row, head) + 2 * (lane % 4);
#pragma unroll
        for (int n = 0; n < kD / 8; ++n) {
          if (n * 8 >= p.head_dim) break;
          *reinterpret_cast<uint32_t*>(out + n * 8) =
              result_pair(p, sums[m][n][2 * h] * inverse, sums[m][n][2 * h + 1] * inverse);
        }
      }
    }
  }
};

/// Every sequence may leave its last tile unfilled; a sequence takes part from two tokens on.
inline int most_query_tiles(const AttentionParams& p, int rows_of_tile) {
  const int bound = p.tokens / rows_of_tile + p.sequences, pairs = (p.tokens + 1) / 2;
  return bound < pairs ? bound : pairs;
}

}  // namespace flightdeck::cuda

#endif  // __CUDACC__
