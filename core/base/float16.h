// Half and bfloat16 bits to and from float: exact one way, rounded to nearest even the other. Without branches, so that
// loops over these vectorise on any machine; independent of flush-to-zero, as no step makes a subnormal float.
#pragma once

#include <bit>
#include <cstdint>

namespace flightdeck {

inline float f16_to_f32(uint16_t half) {
  const uint32_t word = static_cast<uint32_t>(half) << 16;
  const uint32_t doubled = word + word;
  const float normal = std::bit_cast<float>((doubled >> 4) + (0xe0u << 23)) * 0x1.0p-112f;
  const float subnormal = std::bit_cast<float>((doubled >> 17) | (126u << 23)) - 0.5f;
  const uint32_t magnitude = std::bit_cast<uint32_t>(doubled < (1u << 27) ? subnormal : normal);
  return std::bit_cast<float>((word & 0x80000000u) | magnitude);
}

inline uint16_t f32_to_f16(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value);
  const uint32_t doubled = word + word;  // without the sign
  // Adding a power of two 13 bits above the value's own makes the adder do the rounding.
  const float scaled = (std::bit_cast<float>(word & 0x7fffffffu) * 0x1.0p+112f) * 0x1.0p-110f;
  const uint32_t exponent = doubled & 0xff000000u;
  const uint32_t bias = exponent < 0x71000000u ? 0x71000000u : exponent;
  const uint32_t rounded = std::bit_cast<uint32_t>(std::bit_cast<float>((bias >> 1) + 0x07800000u) + scaled);
  const uint32_t magnitude = ((rounded >> 13) & 0x7c00u) + (rounded & 0x0fffu);
  return static_cast<uint16_t>((word >> 16 & 0x8000u) | (doubled > 0xff000000u ? 0x7e00u : magnitude));
}

inline float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

inline uint16_t f32_to_bf16(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
  const bool is_nan = (word & 0x7fffffffu) > 0x7f800000u;  // rounding could turn it into infinity
  return static_cast<uint16_t>(is_nan ? (word >> 16 | 0x40u) : rounded);
}

}  // namespace flightdeck
