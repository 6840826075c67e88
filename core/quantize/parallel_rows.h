// A loop over the rows of one matrix on several threads, which ends early when asked to.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

namespace flightdeck {

/// Calls body(begin, end) for blocks of at most block_rows rows that cover [0, rows), in any order, from the calling
/// thread and threads - 1 others (threads 0: one a processor). Returns false when stopped before the last block. The
/// body must not throw.
bool parallel_rows(int64_t rows, int64_t block_rows, int threads, const std::stop_token& stop,
                   const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace flightdeck
