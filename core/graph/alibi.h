// ALiBi, attention with linear biases, Press et al. 2021 (2108.12409).
#pragma once

#include <vector>

namespace flightdeck {

/// Slopes of the heads: for n heads, n a power of two, 2^(-8 i / n), i = 1..n. Otherwise those of the power of two
/// below, then every second slope (the first, third, …) of the power of two above.
std::vector<float> alibi_slopes(int heads);

}  // namespace flightdeck
