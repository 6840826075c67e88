// Plays the lanes of a warp on the host: what they find in a packed weight, multiplied as mma.m16n8k16 would, must be
// the plain product. Needs no GPU, only the CUDA headers:
//   g++ -std=c++17 -I. -I/usr/local/cuda/include tests/gpu/packed_layout_check.cpp && ./a.out
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernels/cuda/packed_layout.h"

using namespace flightdeck::cuda;

namespace {

struct Matrix {
  Matrix(int row_count, int col_count, int low, int values) : cols(col_count), data(row_count * col_count) {
    for (int& value : data) value = std::rand() % values + low;
  }
  int at(int row, int col) const { return data[row * cols + col]; }
  int cols;
  std::vector<int> data;
};

std::vector<uint8_t> pack(const Matrix& weight, int rows, bool int4) {
  std::vector<uint8_t> packed(weight.data.size() / (int4 ? 2 : 1));
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < weight.cols; ++c) {
      if (int4) {
        const size_t position = int4_position(r, c, weight.cols);
        packed[position / 2] |= static_cast<uint8_t>((weight.at(r, c) + 8) << (position % 2 * 4));
      } else {
        packed[int8_position(r, c, weight.cols)] = static_cast<uint8_t>(weight.at(r, c) + 128);
      }
    }
  }
  return packed;
}

/// Registers 0..3, low and high half, of fragment `half` of 32-column block `block`, as dequantize.h makes them.
void fragment_of(const uint32_t (&words)[4], bool int4, int block, int half, int (&a)[4][2]) {
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 2; ++j) {
      if (int4) {
        a[i][j] = static_cast<int>(words[block * 2 + half] >> (4 * i + 16 * j) & 15) - 8;
      } else {
        const uint32_t word = words[half * 2 + i % 2];
        a[i][j] = static_cast<int>(word >> (8 * (i / 2 * 2 + j)) & 255) - 128;
      }
    }
  }
}

/// One mma with the lanes' registers put where the instruction has them.
void multiply(const std::vector<uint8_t>& packed, size_t chunk, bool int4, int block, int half, const Matrix& in,
              int first_col, long (&sums)[16][8]) {
  int a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, t = lane % 4;
    uint32_t words[4];
    std::memcpy(words, &packed[chunk * kChunkBytes + static_cast<size_t>(lane) * 16], 16);
    int of_lane[4][2];
    fragment_of(words, int4, block, half, of_lane);
    for (int j = 0; j < 2; ++j) {
      for (int i = 0; i < 4; ++i) a[g + i % 2 * 8][2 * t + i / 2 * 8 + j] = of_lane[i][j];
      b[2 * t + j][g] = in.at(g, first_col + 8 * t + 4 * half + j);
      b[2 * t + 8 + j][g] = in.at(g, first_col + 8 * t + 4 * half + 2 + j);
    }
  }
  for (int r = 0; r < 16; ++r) {
    for (int n = 0; n < 8; ++n) {
      for (int k = 0; k < 16; ++k) sums[r][n] += a[r][k] * b[k][n];
    }
  }
}

int check_products(bool int4) {
  const int rows = 48, cols = int4 ? 384 : 192;
  const int chunk = int4 ? 64 : 32;
  const Matrix weight(rows, cols, int4 ? -8 : -128, int4 ? 16 : 256);
  const Matrix in(8, cols, -8, 17);
  const auto packed = pack(weight, rows, int4);
  int bad = 0;
  for (int tile = 0; tile < rows / 16; ++tile) {
    long sums[16][8] = {};
    for (int i = 0; i < cols / chunk * (chunk / 32) * 2; ++i) {
      const int block = i / 2 % (chunk / 32), at = i / 2 / (chunk / 32);
      multiply(packed, static_cast<size_t>(tile * (cols / chunk) + at), int4, block, i % 2, in, at * chunk + block * 32,
               sums);
    }
    for (int r = 0; r < 16; ++r) {
      for (int n = 0; n < 8; ++n) {
        long expected = 0;
        for (int c = 0; c < cols; ++c) expected += weight.at(tile * 16 + r, c) * in.at(n, c);
        bad += expected != sums[r][n];
      }
    }
  }
  return bad;
}

/// The activations as wgmma reads them: 16 columns at a time of a panel, chunks of 16 bytes exchanged by the hardware's
/// swizzle. They must meet the columns of the fragments: column 32 b + 8 t + 4 h + 2 s + j at place 16 (2 b + h) + 8 s
/// + 2 t + j of the sum.
int check_panels() {
  int bad = 0;
  for (int token = 0; token < 128; ++token) {
    for (int b = 0; b < 2; ++b) {
      for (int place = 0; place < 32; ++place) {
        const int h = place / 16, s = place / 8 % 2, t = place / 2 % 4;
        const int column = 32 * b + 8 * t + 4 * h + 2 * s;
        const int chunk = (32 * b + place) / 8;
        const int read = token * 128 + ((chunk ^ (token % 8)) << 4) + place % 8 / 2 * 4;
        bad += read != panel_position(token, column / 8, column % 8 / 2);
      }
    }
  }
  return bad;
}

}  // namespace

int main() {
  int bad = check_panels();
  std::printf("%s panels: %d wrong\n", bad ? "FAIL" : "PASS", bad);
  for (const bool int4 : {false, true}) {
    const int wrong = check_products(int4);
    std::printf("%s %s: %d wrong\n", wrong ? "FAIL" : "PASS", int4 ? "int4" : "int8", wrong);
    bad += wrong;
  }
  return bad > 0;
}
