// Round to nearest: finite weights → integers and scales, without looking at activations. Pure functions, the same
// result on any number of threads.
#pragma once

#include <cstdint>
#include <span>

namespace flightdeck {

/// Symmetric int8: codes[i] = round(row[i] / scale), scale = max |row| / 127, returned. A row of zeros has scale 0.
float quantize_int8(std::span<const float> row, int8_t* codes);

/// Symmetric int4 around 8, two codes a byte (even index in the low nibble): value = (code - 8) * scale, scale returned
/// and maybe negative. Of a set of candidate scales, each refitted to its codes by least squares, the one with the
/// smallest squared error. An even number of weights; a group of zeros has scale 0.
float quantize_int4(std::span<const float> group, uint8_t* codes);

}  // namespace flightdeck
