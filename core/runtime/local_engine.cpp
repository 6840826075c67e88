#include "core/runtime/local_engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/memory.h"
#include "core/runtime/validate.h"

namespace flightdeck {

LocalEngine::LocalEngine(std::unique_ptr<LoadedModel> model)
    : model_(std::move(model)),
      pool_(model_->info.kv_blocks, model_->info.tokens_per_block),
      scheduler_(model_->scheduling, pool_),
      logits_(static_cast<size_t>(model_->scheduling.max_logit_rows) * model_->info.vocab_size) {
  publish();
  thread_ = std::thread([this] { run(); });
}

LocalEngine::~LocalEngine() {
  {
    std::lock_guard lock(mutex_);
    quitting_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Result<RequestId> LocalEngine::submit(Request request, RequestSink sink) {
  if (failed_)
    return fail(ErrorKind::io, "The engine {} has failed and takes no more requests: load it again", info().name);
  TRY_VOID(check(request, info().vocab_size, info().context_tokens));
  if (unscheduled_.fetch_add(1) >= model_->max_queue) {
    unscheduled_.fetch_sub(1);
    return fail(ErrorKind::busy, "{} requests are waiting already, the queue is full: try again when some have ended",
                model_->max_queue);
  }
  const RequestId id = next_id_++;
  post(Submit{std::make_unique<RequestState>(id, std::move(request), std::move(sink), model_->tokenizer.get())});
  return id;
}

void LocalEngine::cancel(RequestId id) { post(Cancel{id}); }

void LocalEngine::post(Command command) {
  {
    std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(command));
  }
  wake_.notify_one();
}

EngineStats LocalEngine::stats() const {
  EngineStats stats = statistics_.stats(Clock::now());
  stats.host_rss_bytes = process_memory_bytes();
  return stats;
}

void LocalEngine::run() {
  while (take_commands()) {
    try {
      if (!scheduler_.idle()) step();
    } catch (const std::exception& error) {  // the only catch of device errors (DeviceError, bad_alloc)
      failed_ = true;
      spdlog::error("engine {}: {}", info().name, error.what());
      finish_all(FinishReason::failed, fmt::format("The device failed: {}. Load the engine again", error.what()));
    }
    publish();
  }
  finish_all(FinishReason::cancelled, {});
}

/// Waits while there is nothing to do. False when the engine is to end.
bool LocalEngine::take_commands() {
  std::vector<Command> commands;
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return quitting_ || !inbox_.empty() || !scheduler_.idle(); });
    commands.swap(inbox_);
    if (quitting_) {
      for (Command& command : commands) {
        if (auto* submit = std::get_if<Submit>(&command))
          submit->state->finish(FinishReason::cancelled, {}, Clock::now());
      }
      return false;
    }
  }
  for (Command& command : commands) {
    if (auto* submit = std::get_if<Submit>(&command)) {
      start(std::move(submit->state));
    } else {
      finish(std::get<Cancel>(command).id, FinishReason::cancelled);
    }
  }
  return true;
}

void LocalEngine::start(std::unique_ptr<RequestState> state) {
  const Request& request = state->request();
  const int prompt_tokens = static_cast<int>(request.prompt.size());
  auto sequence = std::make_unique<Sequence>();
  sequence->id = state->id();
  sequence->tokens = request.prompt;
  sequence->prompt_tokens = prompt_tokens;
  sequence->max_tokens = request.max_tokens;
  sequence->want_logits = request.want_logits;
  scheduler_.add(std::move(sequence));
  requests_.emplace(state->id(), std::move(state));
}

void LocalEngine::finish(RequestId id, FinishReason reason, const std::string& error) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const auto state = std::move(found->second);
  requests_.erase(found);
  const auto sequence = scheduler_.remove(id);
  if (sequence && !sequence->started) --unscheduled_;
  state->finish(reason, error, Clock::now());
}

void LocalEngine::finish_all(FinishReason reason, const std::string& error) {
  while (!requests_.empty()) finish(requests_.begin()->first, reason, error);
}

void LocalEngine::step() {
  const auto start = Clock::now();
  const std::vector<ScheduledPart> parts = scheduler_.schedule();
  fill_input(parts);
  const auto device_start = Clock::now();
  model_->executor->step(input_, logits_.data());
  const double device_ms = milliseconds_between(device_start, Clock::now());
  record(parts, start, device_ms);
  deliver(parts);
  totals_.step_ms = milliseconds_between(start, Clock::now());
  totals_.host_ms = totals_.step_ms - device_ms;
}

void LocalEngine::fill_input(const std::vector<ScheduledPart>& parts) {
  StepInput& in = input_;
  for (auto* list : {&in.token_ids, &in.positions, &in.sequence_of, &in.query_offsets, &in.kv_lengths, &in.logit_rows})
    list->clear();
  in.max_blocks = 1;
  for (const ScheduledPart& part : parts)
    in.max_blocks = std::max(in.max_blocks, static_cast<int>(part.sequence->blocks.size()));
  in.block_tables.assign(parts.size() * in.max_blocks, 0);
  for (size_t s = 0; s < parts.size(); ++s) {
    const ScheduledPart& part = parts[s];
    in.query_offsets.push_back(static_cast<int32_t>(in.token_ids.size()));
    in.kv_lengths.push_back(part.first + part.count);
    std::copy(part.sequence->blocks.begin(), part.sequence->blocks.end(),
              in.block_tables.begin() + static_cast<std::ptrdiff_t>(s * in.max_blocks));
    for (int i = 0; i < part.count; ++i) {
      const bool last = i + 1 == part.count;
      if (part.sequence->want_logits || (part.samples && last))
        in.logit_rows.push_back(static_cast<int32_t>(in.token_ids.size()));
      in.token_ids.push_back(part.sequence->tokens[part.first + i]);
      in.positions.push_back(part.first + i);
      in.sequence_of.push_back(static_cast<int32_t>(s));
    }
  }
  in.query_offsets.push_back(static_cast<int32_t>(in.token_ids.size()));
}

void LocalEngine::deliver(const std::vector<ScheduledPart>& parts) {
  float* logits = logits_.data();
  for (const ScheduledPart& part : parts) {
    const int rows = part.sequence->want_logits ? part.count : (part.samples ? 1 : 0);
    scheduler_.advance(part);
    deliver_part(part, logits);  // may end the sequence
    logits += static_cast<size_t>(rows) * info().vocab_size;
  }
}

void LocalEngine::deliver_part(const ScheduledPart& part, float* logits) {
  Sequence& sequence = *part.sequence;
  RequestState& state = *requests_.at(sequence.id);
  const size_t vocab = static_cast<size_t>(info().vocab_size);
  const auto now = Clock::now();
  if (part.prefill) state.prefilled(sequence.computed);
  if (sequence.want_logits && state.sink().on_logits) {
    for (int row = 0; row < part.count; ++row) state.sink().on_logits(logits + row * vocab, info().vocab_size);
  }
  if (!part.samples) return;
  float* last = logits + (sequence.want_logits ? part.count - 1 : 0) * vocab;
  const SamplingParams& params = state.request().sampling;
  const std::vector<int32_t>& ends = model_->plan.info.eos_ids;
  const int32_t token = sampler_.sample({last, vocab}, params, {sequence.tokens, sequence.prompt_tokens, ends});
  if (token < 0) {
    return finish(sequence.id, FinishReason::failed,
                  fmt::format("Numerical fault at position {}: no finite logit is left", sequence.tokens.size()));
  }
  scheduler_.append(sequence, token);
  const bool is_end = !params.ignore_eos && std::find(ends.begin(), ends.end(), token) != ends.end();
  if (const auto reason = state.take(token, is_end, now)) finish(sequence.id, *reason);
}

void LocalEngine::record(const std::vector<ScheduledPart>& parts, Clock::time_point start, double device_ms) {
  IterationRecord record;
  record.iteration = ++totals_.iteration;
  record.start_ms = milliseconds_between(loaded_, start);
  record.duration_ms = device_ms;
  totals_.context_requests = totals_.generation_requests = 0;
  for (const ScheduledPart& part : parts) {
    RequestState& state = *requests_.at(part.sequence->id);
    if (state.scheduled(start, part.sequence->reused)) {
      --unscheduled_;
      totals_.total_reused_tokens += static_cast<uint64_t>(part.sequence->reused);
    }
    record.entries.push_back({part.sequence->slot, part.sequence->id, part.prefill, part.count, state.generated()});
    (part.prefill ? record.prefill_tokens : record.decode_tokens) += part.count;
    ++(part.prefill ? totals_.context_requests : totals_.generation_requests);
    totals_.total_generated_tokens += part.samples ? 1 : 0;
  }
  totals_.total_prompt_tokens += static_cast<uint64_t>(record.prefill_tokens);
  statistics_.record(std::move(record), Clock::now());
}

void LocalEngine::publish() {
  const auto now = Clock::now();
  EngineStats stats = totals_;
  stats.active_requests = static_cast<int>(scheduler_.running().size());
  stats.queued_requests = static_cast<int>(scheduler_.waiting().size());
  stats.max_requests = info().max_batch_size;
  stats.max_kv_blocks = pool_.blocks();
  stats.used_kv_blocks = pool_.used_blocks();
  stats.cached_kv_blocks = pool_.cached_blocks();
  stats.tokens_per_block = pool_.block_size();
  stats.weight_bytes = info().weight_bytes;
  stats.kv_cache_bytes = info().kv_cache_bytes;
  const auto view = [&](const Sequence& sequence, bool waiting) {
    const RequestState& state = *requests_.at(sequence.id);
    RequestView v;
    v.id = sequence.id;
    v.label = state.request().label;
    v.state = waiting ? RequestView::State::queued
                      : (sequence.remaining() > 1 || state.generated() == 0 ? RequestView::State::prefill
                                                                            : RequestView::State::decode);
    v.slot = sequence.slot;
    v.prompt_tokens = sequence.prompt_tokens;
    v.prefilled_tokens = state.prefilled_tokens();
    v.generated_tokens = state.generated();
    v.age_ms = state.age_ms(now);
    v.tokens_per_s = state.decode_rate(now);
    stats.requests.push_back(std::move(v));
  };
  for (const auto& sequence : scheduler_.running()) view(*sequence, false);
  for (const auto& sequence : scheduler_.waiting()) view(*sequence, true);
  statistics_.publish(std::move(stats));
}

Result<std::unique_ptr<Inference>> start_engine(EngineSource source, const EngineOptions& options,
                                                const std::function<void(const LoadProgress&)>& progress,
                                                std::stop_token stop) {
  TRY(auto model, load_model(std::move(source), options, progress, stop));
  return std::make_unique<LocalEngine>(std::move(model));
}

}  // namespace flightdeck
