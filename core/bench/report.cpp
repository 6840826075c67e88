#include "core/bench/report.h"

#include <utility>
#include <vector>

namespace flightdeck {
namespace {

using Fields = std::vector<std::pair<const char*, std::string>>;

std::string number(double value) { return fmt::format("{:.2f}", value); }

/// A value without blanks, so that lines can be split at them.
std::string word(std::string text) {
  for (char& c : text)
    if (c == ' ' || c == ',' || static_cast<unsigned char>(c) < ' ') c = '_';
  return text.empty() ? "-" : text;
}

Fields fields_of(const BenchmarkSubject& subject, const BenchmarkCase& shape, const BenchmarkResult& result) {
  const ModelInfo& info = subject.info;
  return {{"model_name", word(subject.model_name)},
          {"world_size", "1"},
          {"num_heads", std::to_string(info.num_heads)},
          {"num_kv_heads", std::to_string(info.num_kv_heads)},
          {"num_layers", std::to_string(info.num_layers)},
          {"hidden_size", std::to_string(info.hidden_size)},
          {"vocab_size", std::to_string(info.vocab_size)},
          {"precision", word(subject.precision)},
          {"batch_size", std::to_string(shape.batch_size)},
          {"input_length", std::to_string(shape.input_length)},
          {"output_length", std::to_string(shape.output_length)},
          {"gpu_peak_mem(gb)", fmt::format("{:.3f}", subject.peak_memory_gb)},
          {"build_time(s)", number(subject.build_time_s)},
          {"tokens_per_sec", number(result.tokens_per_s)},
          {"percentile95(ms)", number(result.percentile95_ms)},
          {"percentile99(ms)", number(result.percentile99_ms)},
          {"latency(ms)", number(result.latency_ms)},
          {"compute_cap", word(subject.compute_cap)},
          {"generation_time(ms)", number(result.generation_ms)},
          {"total_generated_tokens", fmt::format("{:.0f}", result.generated_tokens)},
          {"generation_tokens_per_second", number(result.generation_tokens_per_s)},
          {"quantization", word(subject.quantization)},
          {"lm_head", word(subject.lm_head)}};
}

}  // namespace

std::string lm_head_format(const EngineManifest& manifest) {
  const bool quantized = manifest.quantize_lm_head && manifest.qformat != QFormat::full_prec;
  return quantized ? std::string(name_of(manifest.qformat)) : manifest.dtype;
}

std::string benchmark_line(const BenchmarkSubject& subject, const BenchmarkCase& shape, const BenchmarkResult& result) {
  std::string line = "[BENCHMARK]";
  for (const auto& [key, value] : fields_of(subject, shape, result)) line += fmt::format(" {} {}", key, value);
  return line;
}

std::string benchmark_csv_header() {
  std::string line;
  for (const auto& [key, value] : fields_of({}, {}, {})) line += line.empty() ? key : std::string(",") + key;
  return line;
}

std::string benchmark_csv_row(const BenchmarkSubject& subject, const BenchmarkCase& shape,
                              const BenchmarkResult& result) {
  std::string line;
  for (const auto& [key, value] : fields_of(subject, shape, result)) line += (line.empty() ? "" : ",") + value;
  return line;
}

std::string replay_lines(const ReplayResult& result) {
  return fmt::format(
      "[BENCHMARK] num_samples {}\n[BENCHMARK] total_latency(ms) {:.2f}\n[BENCHMARK] seq_throughput(seq/sec) {:.2f}\n"
      "[BENCHMARK] avg_sequence_latency(ms) {:.2f}\n[BENCHMARK] token_throughput(token/sec) {:.2f}\n",
      result.samples, result.total_ms, result.sequences_per_s, result.average_sequence_ms, result.tokens_per_s);
}

}  // namespace flightdeck
