// What a request must satisfy before it may come near a kernel: every field in its range, every id in the vocabulary.
#pragma once

#include "core/base/result.h"
#include "core/runtime/request.h"

namespace flightdeck {

/// The error names the field, the value and the limit.
Result<void> check(const SamplingParams& sampling, int vocab_size);
Result<void> check(const Request& request, int vocab_size, int context_tokens);

}  // namespace flightdeck
