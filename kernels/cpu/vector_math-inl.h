// exp and tanh for vectors, within 1e-6 relative. Included once for each target.
#if defined(FLIGHTDECK_CPU_VECTOR_MATH_INL_) == defined(HWY_TARGET_TOGGLE)
#ifdef FLIGHTDECK_CPU_VECTOR_MATH_INL_
#undef FLIGHTDECK_CPU_VECTOR_MATH_INL_
#else
#define FLIGHTDECK_CPU_VECTOR_MATH_INL_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// e^x: 2^n times a polynomial on [-ln2/2, ln2/2]; 0 below -87.3, e^88.3 above 88.3; NaN stays.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V fast_exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V too_small = hn::Set(d, -87.3f);
  const V clamped = hn::IfThenElse(hn::Lt(x, too_small), too_small,
                                   hn::IfThenElse(hn::Gt(x, hn::Set(d, 88.3f)), hn::Set(d, 88.3f), x));
  const V n = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504f)));
  const V r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped));
  V p = hn::MulAdd(hn::Set(d, 1.9875691500e-4f), r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::MulAdd(p, hn::Mul(r, r), hn::Add(r, hn::Set(d, 1.0f)));
  const auto exponent = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127)));
  return hn::IfThenElse(hn::Lt(x, too_small), hn::Zero(d), hn::Mul(p, hn::BitCast(d, exponent)));
}

/// (e^2x - 1) / (e^2x + 1), by its series near 0 where that difference would lose digits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V fast_tanh(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V limit = hn::Set(d, 20.0f);
  const V bounded =
      hn::IfThenElse(hn::Gt(x, limit), limit, hn::IfThenElse(hn::Lt(x, hn::Neg(limit)), hn::Neg(limit), x));
  const V square = hn::Mul(bounded, bounded);
  V series = hn::MulAdd(hn::Set(d, -17.0f / 315.0f), square, hn::Set(d, 2.0f / 15.0f));
  series = hn::MulAdd(series, square, hn::Set(d, -1.0f / 3.0f));
  series = hn::MulAdd(hn::Mul(series, square), bounded, bounded);
  const V e = fast_exp(d, hn::Add(bounded, bounded));
  const V quotient = hn::Div(hn::Sub(e, one), hn::Add(e, one));
  return hn::IfThenElse(hn::Lt(square, hn::Set(d, 0.02f)), series, quotient);
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#endif
