// The inner loop of int4 quantization: every weight is rounded for every candidate scale.
#include "core/quantize/int4_fit.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/quantize/int4_fit.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace flightdeck {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Four candidates together: one load of the weights, eight independent sums.
void fit_four(const float* weights, size_t count, const float* steps, Int4Fit* fits) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto rounder = hn::Set(d, kRounder), low = hn::Set(d, -8.0f), high = hn::Set(d, 7.0f);
  const auto steps0 = hn::Set(d, steps[0]), steps1 = hn::Set(d, steps[1]);
  const auto steps2 = hn::Set(d, steps[2]), steps3 = hn::Set(d, steps[3]);
  auto dot0 = hn::Zero(d), dot1 = hn::Zero(d), dot2 = hn::Zero(d), dot3 = hn::Zero(d);
  auto square0 = hn::Zero(d), square1 = hn::Zero(d), square2 = hn::Zero(d), square3 = hn::Zero(d);
  const auto code = [&](auto x, auto s) HWY_ATTR {
    const auto rounded = hn::Sub(hn::Add(hn::Mul(x, s), rounder), rounder);
    return hn::Min(hn::Max(rounded, low), high);
  };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = hn::LoadU(d, weights + i);
    const auto code0 = code(x, steps0), code1 = code(x, steps1), code2 = code(x, steps2), code3 = code(x, steps3);
    dot0 = hn::Add(dot0, hn::Mul(x, code0));
    dot1 = hn::Add(dot1, hn::Mul(x, code1));
    dot2 = hn::Add(dot2, hn::Mul(x, code2));
    dot3 = hn::Add(dot3, hn::Mul(x, code3));
    square0 = hn::Add(square0, hn::Mul(code0, code0));
    square1 = hn::Add(square1, hn::Mul(code1, code1));
    square2 = hn::Add(square2, hn::Mul(code2, code2));
    square3 = hn::Add(square3, hn::Mul(code3, code3));
  }
  const auto sum = [&](auto v) HWY_ATTR { return hn::GetLane(hn::SumOfLanes(d, v)); };
  fits[0] = {sum(dot0), sum(square0)};
  fits[1] = {sum(dot1), sum(square1)};
  fits[2] = {sum(dot2), sum(square2)};
  fits[3] = {sum(dot3), sum(square3)};
  for (; i < count; ++i)
    for (size_t c = 0; c < 4; ++c) {
      const float q = int4_code(weights[i], steps[c]);
      fits[c].dot += weights[i] * q;
      fits[c].square += q * q;
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck {

HWY_EXPORT(fit_four);

void fit_int4(const float* weights, size_t count, const float* steps, size_t candidates, Int4Fit* fits) {
  for (size_t done = 0; done < candidates; done += 4) {
    float four[4];
    Int4Fit result[4];
    const size_t now = std::min<size_t>(4, candidates - done);
    for (size_t c = 0; c < 4; ++c) four[c] = steps[done + std::min(c, now - 1)];
    HWY_DYNAMIC_DISPATCH(fit_four)(weights, count, four, result);
    std::copy_n(result, now, fits + done);
  }
}

}  // namespace flightdeck
#endif
