#include "core/bench/benchmark.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "core/bench/in_flight.h"

namespace flightdeck {
namespace {

using Clock = std::chrono::steady_clock;

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

/// What one run of the whole batch took.
struct Run {
  double latency_ms = 0;
  double first_token_ms = 0;  // of the slowest sequence
  double generated = 0;       // tokens after that moment
};

Run summarize(const std::vector<std::vector<double>>& token_ms) {
  Run run;
  for (const std::vector<double>& times : token_ms) {
    if (times.empty()) continue;
    run.latency_ms = std::max(run.latency_ms, times.back());
    run.first_token_ms = std::max(run.first_token_ms, times.front());
  }
  for (const std::vector<double>& times : token_ms)
    run.generated +=
        static_cast<double>(times.end() - std::upper_bound(times.begin(), times.end(), run.first_token_ms));
  return run;
}

Result<Run> run_once(Inference& inference, const BenchmarkCase& shape, uint64_t seed, std::stop_token stop) {
  std::vector<std::vector<double>> token_ms(static_cast<size_t>(shape.batch_size));  // [sequence][token], engine thread
  InFlight requests(inference);
  const Clock::time_point start = Clock::now();
  for (size_t i = 0; i < token_ms.size(); ++i) {
    Request request;
    request.prompt = random_prompt(shape.input_length, inference.info().vocab_size, seed + i);
    request.max_tokens = shape.output_length;
    request.sampling.temperature = 0;
    request.sampling.ignore_eos = true;
    request.label = fmt::format("bench {}", i);
    token_ms[i].reserve(static_cast<size_t>(shape.output_length));
    RequestSink sink;
    sink.on_token = [&times = token_ms[i], start](const TokenEvent& event) {
      if (event.token >= 0) times.push_back(ms_between(start, Clock::now()));
      return true;
    };
    TRY_VOID(requests.submit(std::move(request), std::move(sink)));
  }
  TRY_VOID(requests.wait_all(stop));
  return summarize(token_ms);
}

BenchmarkResult average(const std::vector<Run>& runs, const BenchmarkCase& shape) {
  BenchmarkResult result;
  std::vector<double> latencies;
  for (const Run& run : runs) {
    latencies.push_back(run.latency_ms);
    result.latency_ms += run.latency_ms;
    result.first_token_ms += run.first_token_ms;
    result.generation_ms += run.latency_ms - run.first_token_ms;
    result.generated_tokens += run.generated;
  }
  const auto count = static_cast<double>(runs.size());
  result.runs = static_cast<int>(runs.size());
  result.latency_ms /= count;
  result.first_token_ms /= count;
  result.generation_ms /= count;
  result.generated_tokens /= count;
  result.percentile95_ms = percentile(latencies, 95);
  result.percentile99_ms = percentile(latencies, 99);
  if (result.latency_ms > 0) result.tokens_per_s = 1000.0 * shape.batch_size * shape.output_length / result.latency_ms;
  if (result.generation_ms > 0)
    result.generation_tokens_per_s = 1000.0 * result.generated_tokens / result.generation_ms;
  return result;
}

}  // namespace

double percentile(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const double place = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - std::floor(place));
}

std::vector<int32_t> random_prompt(int tokens, int vocab_size, uint64_t seed) {
  std::mt19937_64 random(seed);
  // The first ids are control tokens in most vocabularies.
  const int first = vocab_size > 300 ? 259 : 0;
  std::vector<int32_t> prompt(static_cast<size_t>(tokens));
  for (int32_t& id : prompt) id = first + static_cast<int32_t>(random() % static_cast<uint64_t>(vocab_size - first));
  return prompt;
}

Result<BenchmarkResult> run_benchmark(Inference& inference, const BenchmarkCase& shape, const BenchmarkOptions& options,
                                      std::stop_token stop) {
  if (shape.batch_size < 1 || shape.input_length < 1 || shape.output_length < 1)
    return fail(ErrorKind::invalid_input, "a benchmark of batch {}, input {}, output {}: each must be at least 1",
                shape.batch_size, shape.input_length, shape.output_length);
  uint64_t seed = 1;
  const auto next = [&] {
    seed += static_cast<uint64_t>(shape.batch_size);
    return run_once(inference, shape, seed, stop);
  };
  for (int i = 0; i < options.warm_up; ++i) TRY_VOID(next());
  std::vector<Run> runs;
  const Clock::time_point start = Clock::now();
  do {
    TRY(const Run run, next());
    runs.push_back(run);
  } while (static_cast<int>(runs.size()) < options.num_runs &&
           ms_between(start, Clock::now()) < options.duration_s * 1000);
  return average(runs, shape);
}

}  // namespace flightdeck
