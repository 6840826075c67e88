// cos and sin of every position, once per engine. Rotary frequencies after Su et al. 2021 (2104.09864).
#pragma once

#include <vector>

namespace flightdeck {

/// [positions, rotary_dim]: row p holds cos(p f_i) for i < rotary_dim / 2, then sin(p f_i); f_i = theta^(-2i /
/// rotary_dim).
std::vector<float> make_rope_table(int positions, int rotary_dim, double theta);

}  // namespace flightdeck
