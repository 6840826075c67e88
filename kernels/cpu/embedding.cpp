// Rows of the embedding table, taken out of its packed layout.
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/packed_weight.h"

namespace flightdeck::cpu {

void embedding(const EmbeddingArgs& args, CpuContext& context) {
  const auto& table = static_cast<const CpuPackedWeight&>(*args.table);
  context.pool().parallel_for(args.out.rows, rows_per_chunk(table.cols), [&](int begin, int end, int) {
    for (int t = begin; t < end; ++t) unpack_row(table, args.ids[t], args.out.row<float>(t));
  });
}

}  // namespace flightdeck::cpu
