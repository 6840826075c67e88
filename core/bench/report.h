// The lines a benchmark prints, in TensorRT-LLM's words.
#pragma once

#include <string>

#include "core/bench/benchmark.h"
#include "core/bench/trace.h"
#include "core/engine/engine_dir.h"
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
  std::string quantization = "none";  // "int8_wo"
  std::string lm_head;                // format of the output layer: "float16", "int8_wo"
};

/// What `manifest` says of the output layer's format.
std::string lm_head_format(const EngineManifest& manifest);

/// One line, `[BENCHMARK] model_name X world_size 1 …`: the keys of benchmark.py in its order, then `quantization` and
/// `lm_head`.
std::string benchmark_line(const BenchmarkSubject& subject, const BenchmarkCase& shape, const BenchmarkResult& result);
/// The same as CSV.
std::string benchmark_csv_header();
std::string benchmark_csv_row(const BenchmarkSubject& subject, const BenchmarkCase& shape,
                              const BenchmarkResult& result);

/// gptManagerBenchmark's lines, `[BENCHMARK] num_samples 64` and so on.
std::string replay_lines(const ReplayResult& result);

}  // namespace flightdeck
