// Products and sums, element by element.
#include "kernels/cpu/cpu_ops.h"

namespace flightdeck::cpu {
namespace {

template <class Operation>
void for_each_element(const BinaryArgs& args, CpuContext& context, Operation operation) {
  context.pool().parallel_for(args.out.rows, rows_per_chunk(args.out.cols), [&](int begin, int end, int) {
    for (int r = begin; r < end; ++r) {
      float* out = args.out.row<float>(r);
      const float* a = args.a.row<const float>(r);
      const float* b = args.b.row<const float>(r);
      for (int c = 0; c < args.out.cols; ++c) out[c] = operation(a[c], b[c]);
    }
  });
}

}  // namespace

void multiply(const BinaryArgs& args, CpuContext& context) {
  for_each_element(args, context, [](float a, float b) { return a * b; });
}

void add(const BinaryArgs& args, CpuContext& context) {
  for_each_element(args, context, [](float a, float b) { return a + b; });
}

}  // namespace flightdeck::cpu
