// Root mean square norm, alone and after the addition of a residual.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rms_norm.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// clang-format off: the two above come first
#include <cmath>

#include "kernels/cpu/cpu_ops.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace flightdeck::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// out = in / sqrt(mean(in^2) + eps) * weight over n values.
void norm_row(float* out, const float* in, const float* weight, float eps, int n) {
  const hn::ScalableTag<float> d;
  const int lanes = static_cast<int>(hn::Lanes(d));
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  int i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::LoadU(d, in + i);
    const auto b = hn::LoadU(d, in + i + lanes);
    sum0 = hn::MulAdd(a, a, sum0);
    sum1 = hn::MulAdd(b, b, sum1);
  }
  float squares = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) squares += in[i] * in[i];
  const float factor = 1.0f / std::sqrt(squares / static_cast<float>(n) + eps);
  i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto scaled = hn::Mul(hn::LoadU(d, in + i), hn::Set(d, factor));
    hn::StoreU(hn::Mul(scaled, hn::LoadU(d, weight + i)), d, out + i);
  }
  for (; i < n; ++i) out[i] = in[i] * factor * weight[i];
}

void add_row(float* to, const float* from, int n) {
  const hn::ScalableTag<float> d;
  const int lanes = static_cast<int>(hn::Lanes(d));
  int i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
  for (; i < n; ++i) to[i] += from[i];
}

}  // namespace HWY_NAMESPACE
}  // namespace flightdeck::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flightdeck::cpu {
namespace {

HWY_EXPORT(norm_row);
HWY_EXPORT(add_row);

}  // namespace

void rms_norm(const RmsNormArgs& args, CpuContext& context) {
  const int n = args.in.cols;
  context.pool().parallel_for(args.in.rows, rows_per_chunk(n), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(norm_row)(args.out.row<float>(t), args.in.row<const float>(t), args.weight, args.eps, n);
    }
  });
}

void residual_rms_norm(const ResidualRmsNormArgs& args, CpuContext& context) {
  const int n = args.residual.cols;
  context.pool().parallel_for(args.residual.rows, rows_per_chunk(n), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) {
      float* residual = args.residual.row<float>(t);
      HWY_DYNAMIC_DISPATCH(add_row)(residual, args.delta.row<const float>(t), n);
      HWY_DYNAMIC_DISPATCH(norm_row)(args.out.row<float>(t), residual, args.weight, args.eps, n);
    }
  });
}

}  // namespace flightdeck::cpu
#endif
