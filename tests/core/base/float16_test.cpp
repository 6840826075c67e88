#include "core/base/float16.h"

#include <QtTest>
#include <cmath>
#include <limits>

using namespace flightdeck;

namespace {

/// By the definition of the format, in double.
double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * INFINITY;
  return sign * (exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24));
}

bool is_nan_half(uint16_t bits) { return (bits & 0x7fff) > 0x7c00; }

}  // namespace

class Float16Test : public QObject {
  Q_OBJECT
 private slots:
  void every_half_is_exact_and_comes_back() {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto half = static_cast<uint16_t>(bits);
      const float value = f16_to_f32(half);
      if (is_nan_half(half)) {
        QVERIFY(std::isnan(value) && is_nan_half(f32_to_f16(value)));
        continue;
      }
      QVERIFY(value == half_value(half) && std::signbit(value) == (half >> 15 == 1));
      QCOMPARE(f32_to_f16(value), half);
    }
  }

  void halfway_goes_to_even_and_neighbours_to_the_nearest() {
    for (uint16_t half = 0; half < 0x7bff; ++half) {
      const auto next = static_cast<uint16_t>(half + 1);
      const auto middle = static_cast<float>((half_value(half) + half_value(next)) / 2);  // exact in float
      QCOMPARE(f32_to_f16(middle), half % 2 ? next : half);
      QCOMPARE(f32_to_f16(std::nextafter(middle, 0.0f)), half);
      QCOMPARE(f32_to_f16(std::nextafter(middle, INFINITY)), next);
      QCOMPARE(f32_to_f16(-middle), static_cast<uint16_t>(0x8000 | (half % 2 ? next : half)));
    }
  }

  void ends_of_the_range() {
    QCOMPARE(f32_to_f16(65519.996f), uint16_t{0x7bff});
    QCOMPARE(f32_to_f16(65520.0f), uint16_t{0x7c00});
    QCOMPARE(f32_to_f16(std::numeric_limits<float>::max()), uint16_t{0x7c00});
    QCOMPARE(f32_to_f16(-INFINITY), uint16_t{0xfc00});
    QCOMPARE(f32_to_f16(std::numeric_limits<float>::denorm_min()), uint16_t{0});
    QCOMPARE(f32_to_f16(-0.0f), uint16_t{0x8000});
  }

  void bfloat16() {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto half = static_cast<uint16_t>(bits);
      const float value = bf16_to_f32(half);
      if (std::isnan(value))
        QVERIFY(std::isnan(bf16_to_f32(f32_to_bf16(value))));
      else
        QCOMPARE(f32_to_bf16(value), half);
    }
    QCOMPARE(f32_to_bf16(std::bit_cast<float>(0x3f808000u)), uint16_t{0x3f80});  // halfway, even below
    QCOMPARE(f32_to_bf16(std::bit_cast<float>(0x3f818000u)), uint16_t{0x3f82});  // halfway, even above
    QCOMPARE(f32_to_bf16(std::bit_cast<float>(0x3f808001u)), uint16_t{0x3f81});
    QCOMPARE(f32_to_bf16(std::numeric_limits<float>::max()), uint16_t{0x7f80});
    QVERIFY(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7f800001u)))));
  }
};

QTEST_GUILESS_MAIN(Float16Test)
#include "float16_test.moc"
