#include "core/graph/alibi.h"

#include <bit>
#include <cmath>

namespace flightdeck {

std::vector<float> alibi_slopes(int heads) {
  std::vector<float> slopes;
  if (heads < 1) return slopes;
  const int below = static_cast<int>(std::bit_floor(static_cast<unsigned>(heads)));
  for (int i = 1; i <= below; ++i) slopes.push_back(static_cast<float>(std::exp2(-8.0 * i / below)));
  for (int i = 1; below + static_cast<int>(i / 2) < heads; i += 2)
    slopes.push_back(static_cast<float>(std::exp2(-4.0 * i / below)));
  return slopes;
}

}  // namespace flightdeck
