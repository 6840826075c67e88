// The lines a benchmark prints, in TensorRT-LLM's words.
#pragma once

#include <string>

#include "core/bench/benchmark.h"
#include "core/bench/trace.h"
#include "core/graph/graph.h"

namespace flightdeck {

/// What the lines say beside the measured numbers.
struct BenchmarkSubject {
  std::string model_name;
  std::string precision;    // of what is not quantized
  std::string compute_cap;  // "cpu", "sm90"
  ModelInfo info;
  double build_time_s = 0;
  double peak_memory_gb = 0;
};

/// One line, `[BENCHMARK] model_name X world_size 1 …`: the keys of benchmark.py in its order.
std::string benchmark_line(const BenchmarkSubject& subject, const BenchmarkCase& shape, const BenchmarkResult& result);
/// The same as CSV.
std::string benchmark_csv_header();
std::string benchmark_csv_row(const BenchmarkSubject& subject, const BenchmarkCase& shape,
                              const BenchmarkResult& result);

/// gptManagerBenchmark's lines, `[BENCHMARK] num_samples 64` and so on.
std::string replay_lines(const ReplayResult& result);

}  // namespace flightdeck
