// The benchmark of TensorRT-LLM's benchmark.py: fixed prompt and answer lengths in a batch, random ids, end tokens
// ignored.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/runtime/inference.h"

namespace flightdeck {

struct BenchmarkCase {
  int batch_size = 1;
  int input_length = 32;
  int output_length = 50;
};

struct BenchmarkOptions {
  int warm_up = 1;
  int num_runs = 3;
  double duration_s = 60;  // no further run starts after this long
};

/// Times are of one run, averaged over the measured ones.
struct BenchmarkResult {
  int runs = 0;
  double latency_ms = 0;  // submit to the last token of the last sequence
  double percentile95_ms = 0;
  double percentile99_ms = 0;
  double tokens_per_s = 0;      // batch * output length / latency: the prefill counts
  double generation_ms = 0;     // from the moment every sequence has its first token
  double generated_tokens = 0;  // in that time
  double generation_tokens_per_s = 0;
  double first_token_ms = 0;  // until every sequence has its first token
};

/// The engine must have at least batch_size slots and no prefix reuse, or the numbers flatter.
Result<BenchmarkResult> run_benchmark(Inference& inference, const BenchmarkCase& shape, const BenchmarkOptions& options,
                                      std::stop_token stop = {});

/// As numpy.percentile: linear between the two nearest. `values` is not empty.
double percentile(std::vector<double> values, double percent);

/// Ids a prompt may hold: made from a seed, the same for the same arguments.
std::vector<int32_t> random_prompt(int tokens, int vocab_size, uint64_t seed);

}  // namespace flightdeck
