// out = in · weightᵀ (+ bias), by the weight's format.
#include <cassert>

#include "kernels/cpu/cpu_ops.h"

namespace flightdeck::cpu {

void linear(const LinearArgs& args, CpuContext& context) {
  assert(args.in.cols == args.weight->cols && args.out.cols == args.weight->rows && args.in.rows == args.out.rows);
  switch (args.weight->format) {
    case WeightFormat::f32:
    case WeightFormat::f16:
    case WeightFormat::bf16:
      linear_float(args, context);
      break;
    case WeightFormat::int8_channel:
    case WeightFormat::int4_group:
      linear_quantized(args, context);
      break;
  }
}

}  // namespace flightdeck::cpu
