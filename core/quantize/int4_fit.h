// How well int4 codes fit a group of weights, for several scales in one pass.
#pragma once

#include <algorithm>
#include <cstddef>

namespace flightdeck {

constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding and subtracting it rounds to the nearest integer

/// The code, -8…7, of a weight at `steps` codes a unit; |weight * steps| < 2^22.
inline float int4_code(float weight, float steps) {
  return std::min(7.0f, std::max(-8.0f, (weight * steps + kRounder) - kRounder));
}

/// With codes q of weights x: dot = Σ x q, square = Σ q². The scale dot / square is then the best, and leaves the
/// squared error Σ x² - gain().
struct Int4Fit {
  float dot = 0;
  float square = 0;
  float gain() const { return dot * dot / square; }
};

/// fits[i] for steps[i]; vector instructions of the machine.
void fit_int4(const float* weights, size_t count, const float* steps, size_t candidates, Int4Fit* fits);

}  // namespace flightdeck
