#include "core/bench/profile.h"

#include <algorithm>

#include "core/runtime/loaded_model.h"

namespace flightdeck {
namespace {

constexpr int kRuns = 6;

/// `sequences` sequences, each with `past` tokens in the cache and `tokens` new ones.
StepInput input_of(const LoadedModel& model, int sequences, int past, int tokens) {
  const int block = model.info.tokens_per_block;
  StepInput input;
  input.max_blocks = (past + tokens + block - 1) / block;
  for (int s = 0; s < sequences; ++s) {
    input.query_offsets.push_back(static_cast<int32_t>(input.token_ids.size()));
    input.kv_lengths.push_back(past + tokens);
    for (int b = 0; b < input.max_blocks; ++b)
      input.block_tables.push_back((s * input.max_blocks + b) % model.cache->blocks());
    const std::vector<int32_t> prompt = random_prompt(tokens, model.info.vocab_size, static_cast<uint64_t>(s) + 1);
    for (int t = 0; t < tokens; ++t) {
      input.token_ids.push_back(prompt[static_cast<size_t>(t)]);
      input.positions.push_back(past + t);
      input.sequence_of.push_back(s);
    }
    input.logit_rows.push_back(static_cast<int32_t>(input.token_ids.size()) - 1);
  }
  input.query_offsets.push_back(static_cast<int32_t>(input.token_ids.size()));
  return input;
}

/// The same operations of every layer together; the run with the least time in all, so that one disturbance is not
/// mixed with another.
std::vector<ProfileRow> profile_step(LoadedModel& model, const std::string& phase, const StepInput& input) {
  std::vector<ProfileRow> best;
  double least = 1e30;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<ProfileRow> rows;
    double total = 0;
    for (const OpTime& time : model.executor->profile(input)) {
      auto row = std::find_if(rows.begin(), rows.end(), [&time](const ProfileRow& r) { return r.name == time.name; });
      if (row == rows.end()) row = rows.insert(rows.end(), {phase, time.name});
      ++row->calls;
      row->ms += time.ms;
      row->bytes += time.cost.bytes;
      row->flops += time.cost.flops;
      total += time.ms;
    }
    if (run > 0 && total < least) {
      least = total;
      best = std::move(rows);
    }
  }
  std::sort(best.begin(), best.end(), [](const ProfileRow& a, const ProfileRow& b) { return a.ms > b.ms; });
  return best;
}

}  // namespace

Result<std::vector<ProfileRow>> profile_model(EngineSource source, const EngineOptions& options,
                                              const BenchmarkCase& shape, std::stop_token stop) {
  TRY(const auto model, load_model(std::move(source), options, {}, std::move(stop)));
  try {
    const int prompt = std::min(shape.input_length, model->scheduling.max_tokens);
    const int past = std::min(shape.input_length + shape.output_length / 2, model->info.context_tokens - 1);
    std::vector<ProfileRow> rows = profile_step(*model, "prefill", input_of(*model, 1, 0, prompt));
    const auto decode = profile_step(*model, "decode", input_of(*model, shape.batch_size, past, 1));
    rows.insert(rows.end(), decode.begin(), decode.end());
    return rows;
  } catch (const DeviceError& error) {
    return fail(ErrorKind::io, "the device failed: {}", error.what());
  }
}

}  // namespace flightdeck
