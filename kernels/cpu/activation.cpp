// Activation functions, alone and gated (SwiGLU and its kin).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// clang-format off: the two above come first
#include <cmath>

#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/vector_math-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using VF = hn::Vec<DF>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(DF()));

HWY_INLINE VF silu(VF x) {
  const DF d;
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), fast_exp(d, hn::Neg(x))));
}

HWY_INLINE VF gelu_tanh(VF x) {
  const DF d;
  const VF cube = hn::Mul(hn::Mul(x, x), x);
  const VF inner = hn::Mul(hn::Set(d, 0.7978845608f), hn::MulAdd(hn::Set(d, 0.044715f), cube, x));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5f), x), hn::Add(hn::Set(d, 1.0f), fast_tanh(d, inner)));
}

HWY_INLINE VF gelu(VF x) {  // erf has no vector form here
  const DF d;
  HWY_ALIGN float lanes[kLanes];
  hn::Store(x, d, lanes);
  for (float& lane : lanes) lane = 0.5f * lane * (1.0f + std::erf(lane * 0.70710678f));
  return hn::Load(d, lanes);
}

HWY_INLINE VF apply(Activation kind, VF x) {
  switch (kind) {
    case Activation::silu:
      return silu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::relu:
      return hn::Max(x, hn::Zero(DF()));
  }
  return x;
}

/// out = activation(in) * factor, or without the factor where it is null. The last few values go through a full vector
/// too, so that a value's result does not depend on its column.
void activation_row(float* out, const float* in, const float* factor, Activation kind, int n) {
  const DF d;
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const VF value = apply(kind, hn::LoadU(d, in + i));
    hn::StoreU(factor ? hn::Mul(value, hn::LoadU(d, factor + i)) : value, d, out + i);
  }
  if (i == n) return;
  HWY_ALIGN float rest[kLanes] = {};
  for (int j = 0; i + j < n; ++j) rest[j] = in[i + j];
  hn::Store(apply(kind, hn::Load(d, rest)), d, rest);
  for (int j = 0; i + j < n; ++j) out[i + j] = factor ? rest[j] * factor[i + j] : rest[j];
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck::cpu {
namespace {

HWY_EXPORT(activation_row);
constexpr int kWorkPerValue = 4;  // in units of a plain load and store

}  // namespace

void activation(const ActivationArgs& args, CpuContext& context) {
  const int n = args.in.cols;
  context.pool().parallel_for(args.in.rows, rows_per_chunk(kWorkPerValue * n), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(activation_row)(args.out.row<float>(t), args.in.row<const float>(t), nullptr, args.kind, n);
    }
  });
}

void gated_activation(const GatedActivationArgs& args, CpuContext& context) {
  const int n = args.out.cols;
  context.pool().parallel_for(args.out.rows, rows_per_chunk(kWorkPerValue * n), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      const float* gate = args.gate_up.row<const float>(t);
      HWY_DYNAMIC_DISPATCH(activation_row)(args.out.row<float>(t), gate, gate + n, args.kind, n);
    }
  });
}

}  // namespace flightdeck::cpu
#endif
