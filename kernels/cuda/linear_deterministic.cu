// The linear of the deterministic mode. The matrix-vector kernel cuts sums in another way than the mixed one, and
// cuBLASLt's algorithms differ by the number of tokens; the mixed kernel adds the pieces of a tile in the order of the
// columns, and cuts tiles by the length of the whole line of work. One tile of tokens at a time makes that length the
// weight's own. Costs: one to eight tokens lose the matrix-vector kernel, a prompt reads the weights once every 64
// tokens.
#include <algorithm>

#include "kernels/cuda/linear_kernels.h"

namespace flightdeck::cuda {

void linear_deterministic(const LinearTask& task, Context& context) {
  for (int first = 0; first < task.tokens; first += kTokensAlike) {
    LinearTask part = task;
    const auto before = static_cast<size_t>(first);
    part.tokens = std::min(kTokensAlike, task.tokens - first);
    part.in = static_cast<const std::byte*>(task.in) + before * static_cast<size_t>(task.in_stride) * 2;
    part.out =
        static_cast<std::byte*>(task.out) + before * static_cast<size_t>(task.out_stride) * (task.out_float ? 4u : 2u);
    run_tactic(Tactic::mixed, part, context);
  }
}

}  // namespace flightdeck::cuda
