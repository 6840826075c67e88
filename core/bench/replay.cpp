#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>

#include "core/bench/in_flight.h"
#include "core/bench/trace.h"

namespace flightdeck {
namespace {

/// Sums over the requests of a replay, written on the engine thread, read when all have ended.
struct Totals {
  std::atomic<size_t> done = 0;
  double sequence_ms = 0;
  double output_tokens = 0;
};

/// Submits, waiting for room while the engine's queue is full. `tokens`: how long it runs.
Result<void> submit(InFlight& requests, const TraceRequest& sample, int tokens, Totals& totals, std::stop_token stop) {
  Request request;
  request.prompt = sample.prompt;
  request.max_tokens = tokens;
  request.sampling.temperature = 0;
  request.sampling.ignore_eos = true;
  RequestSink sink;
  sink.on_done = [&totals, wanted = sample.output_tokens](const Completion& completion) {
    totals.sequence_ms += completion.stats.total_ms;
    totals.output_tokens += std::min(completion.stats.generated_tokens, wanted);
    ++totals.done;
  };
  while (true) {
    const Result<RequestId> id = requests.submit(request, sink);
    if (id) return {};
    const size_t running = requests.running();
    if (id.error().kind != ErrorKind::busy || running == 0) return tl::unexpected(id.error());
    TRY_VOID(requests.wait_below(running, stop));
  }
}

}  // namespace

Result<ReplayResult> replay_trace(Inference& inference, const std::vector<TraceRequest>& trace, int lockstep,
                                  const std::function<void(size_t, size_t)>& progress, std::stop_token stop) {
  Totals totals;
  ReplayResult result;
  InFlight requests(inference);
  const auto start = std::chrono::steady_clock::now();
  const size_t at_once = lockstep > 0 ? static_cast<size_t>(lockstep) : trace.size();
  for (size_t begin = 0; begin < trace.size(); begin += at_once) {
    const std::span batch = std::span(trace).subspan(begin, std::min(at_once, trace.size() - begin));
    const int longest = std::ranges::max(batch, {}, &TraceRequest::output_tokens).output_tokens;
    for (const TraceRequest& sample : batch) {
      TRY_VOID(submit(requests, sample, lockstep > 0 ? longest : sample.output_tokens, totals, stop));
      result.input_tokens += static_cast<double>(sample.prompt.size());
    }
    for (size_t left = batch.size(); left > 0; left = begin + batch.size() - totals.done) {
      if (progress) progress(totals.done, trace.size());
      TRY_VOID(requests.wait_below(left, stop));
    }
  }
  TRY_VOID(requests.wait_all(stop));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const auto samples = static_cast<double>(trace.size());
  result.samples = static_cast<int>(trace.size());
  result.total_ms = elapsed.count() * 1000;
  result.sequences_per_s = samples / elapsed.count();
  result.average_sequence_ms = totals.sequence_ms / samples;
  result.output_tokens = totals.output_tokens;
  result.tokens_per_s = totals.output_tokens / elapsed.count();
  return result;
}

}  // namespace flightdeck
