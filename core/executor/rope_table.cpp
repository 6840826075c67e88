#include "core/executor/rope_table.h"

#include <cmath>
#include <cstddef>

namespace flightdeck {

std::vector<float> make_rope_table(int positions, int rotary_dim, double theta) {
  const int half = rotary_dim / 2;
  std::vector<float> table(static_cast<size_t>(positions) * rotary_dim);
  for (int i = 0; i < half; ++i) {
    // The reference computes frequency and angle in float32; doing the same keeps logits equal at large positions.
    const float frequency = static_cast<float>(1.0 / std::pow(theta, 2.0 * i / rotary_dim));
    for (int p = 0; p < positions; ++p) {
      const float angle = static_cast<float>(p) * frequency;
      float* row = table.data() + static_cast<size_t>(p) * rotary_dim;
      row[i] = std::cos(angle);
      row[half + i] = std::sin(angle);
    }
  }
  return table;
}

}  // namespace flightdeck
