// Request traces: read or made up, and replayed against an engine as TensorRT-LLM's gptManagerBenchmark does.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/runtime/inference.h"

namespace flightdeck {

struct TraceRequest {
  std::vector<int32_t> prompt;
  int output_tokens = 0;
};

struct TraceOptions {
  int max_samples = 0;        // 0: all
  int max_input_tokens = 0;   // longer prompts are cut, 0: not
  int max_output_tokens = 0;  // longer answers are cut, 0: not
  int vocab_size = 0;         // ids of the trace must be below; made-up prompts use all of it
  uint64_t seed = 1;
};

/// `source` is gptManagerBenchmark's JSON (a list of {input_ids, output_len}, or that list under "samples"), a CSV with
/// the columns ContextTokens and GeneratedTokens (Azure's LLM trace; prompts are made up) or "synthetic:64": that many
/// requests of mixed lengths from the seed.
Result<std::vector<TraceRequest>> read_trace(const std::string& source, const TraceOptions& options);
/// The parts, for tests; `name` is what messages call the text.
Result<std::vector<TraceRequest>> parse_trace_json(const std::string& text, const std::string& name,
                                                   const TraceOptions&);
Result<std::vector<TraceRequest>> parse_trace_csv(const std::string& text, const std::string& name,
                                                  const TraceOptions&);
std::vector<TraceRequest> synthetic_trace(int requests, const TraceOptions& options);

struct ReplayResult {
  int samples = 0;
  double total_ms = 0;
  double sequences_per_s = 0;
  double average_sequence_ms = 0;  // submitted to last token
  double tokens_per_s = 0;         // answers' tokens
  double input_tokens = 0, output_tokens = 0;
};

/// All requests are there at once, as many in the queue as the engine takes. End tokens are ignored.
/// `lockstep` > 0 is TensorRT-LLM's "V1": that many requests at a time, in the trace's order, each of which runs until
/// the longest of them has ended, and nobody joins. What it computes behind an answer's end is not counted. Prompts are
/// not padded, which TensorRT-LLM does too.
Result<ReplayResult> replay_trace(Inference& inference, const std::vector<TraceRequest>& trace, int lockstep = 0,
                                  const std::function<void(size_t done, size_t total)>& progress = {},
                                  std::stop_token stop = {});

}  // namespace flightdeck
