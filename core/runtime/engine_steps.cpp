// The engine thread's steps. Where the device samples, the next step is started before the last one's ids are known:
// its tokens stand in the sequence as stand-ins that the device fills in (-1 - slot), and the host schedules, delivers
// and decodes text while the device works. A token computed behind a stop that was not known yet is thrown away.
#include <algorithm>
#include <utility>

#include "core/runtime/local_engine.h"

namespace flightdeck {

void LocalEngine::step() {
  if (!model_->backend->samples()) return step_on_host();
  if (need_known_tokens_ > 0) {
    finish_steps();
    return step_on_host();
  }
  const auto begin = Clock::now();
  const bool started = start_step();
  host_work_ms_ += milliseconds_between(begin, Clock::now());
  // With a second step under way, or nothing to start before more tokens are known, the first is waited for.
  if (under_way_.size() == 2 || (!started && !under_way_.empty())) finish_step();
}

/// Logits come to the host, which samples: the CPU engine, and requests that want to see logits.
void LocalEngine::step_on_host() {
  StepUnderWay step;
  step.start = Clock::now();
  const std::vector<ScheduledPart> parts = scheduler_.schedule();
  if (parts.empty()) return;
  fill_input(parts);
  note_scheduled(parts, step.start);
  const auto device_start = Clock::now();
  model_->executor->step(input_, logits_.data());
  const double device_ms = milliseconds_between(device_start, Clock::now());
  for (const ScheduledPart& part : parts) step.parts.push_back({part.sequence->id, part});
  record(step, device_ms);
  float* logits = logits_.data();
  for (const ScheduledPart& part : parts) {
    const int rows = part.sequence->want_logits ? part.count : (part.samples ? 1 : 0);
    scheduler_.advance(part);
    scheduler_.remember(part);
    deliver(part, logits);  // may end the sequence
    logits += static_cast<size_t>(rows) * info().vocab_size;
  }
  host_work_ms_ += milliseconds_between(step.start, Clock::now()) - device_ms;
  note_times(step, device_ms);
}

/// Schedules a step and hands it to the device. False when nothing can run now.
bool LocalEngine::start_step() {
  StepUnderWay step;
  step.start = Clock::now();
  const std::vector<ScheduledPart> parts = scheduler_.schedule();
  if (parts.empty()) return false;
  fill_input(parts);
  fill_samples(parts);
  note_scheduled(parts, step.start);
  model_->executor->start(input_);
  for (const ScheduledPart& part : parts) {
    step.parts.push_back({part.sequence->id, part});
    scheduler_.advance(part);
    if (part.samples) scheduler_.append(*part.sequence, -1 - part.sequence->slot);
  }
  under_way_.push_back(std::move(step));
  return true;
}

/// Waits for the oldest step under way and delivers its tokens.
void LocalEngine::finish_step() {
  const StepUnderWay step = std::move(under_way_.front());
  under_way_.pop_front();
  const Executor::Sampled sampled = model_->executor->finish();
  const auto begin = Clock::now();
  record(step, sampled.device_ms);
  size_t row = 0;
  for (const auto& [id, part] : step.parts) {
    const size_t mine = row;
    row += part.samples ? 1 : 0;
    const auto found = requests_.find(id);
    if (found == requests_.end()) continue;  // it ended while this step ran
    scheduler_.remember(part);
    if (part.prefill) found->second->prefilled(part.first + part.count);
    if (!part.samples) continue;
    const int32_t token = sampled.ids[mine];
    part.sequence->tokens[static_cast<size_t>(part.first + part.count)] = token;  // in place of the stand-in
    if (token >= 0) edits_.at(id).add_generated(token);
    take_token(part, token);
  }
  host_work_ms_ += milliseconds_between(begin, Clock::now());
  note_times(step, sampled.device_ms);
}

void LocalEngine::finish_steps() {
  while (!under_way_.empty()) finish_step();
}

void LocalEngine::fill_input(const std::vector<ScheduledPart>& parts) {
  StepInput& in = input_;
  for (auto* list : {&in.token_ids, &in.positions, &in.sequence_of, &in.query_offsets, &in.kv_lengths, &in.logit_rows})
    list->clear();
  in.samples.clear();
  in.edits.clear();
  in.pending = false;
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
      const int32_t token = part.sequence->tokens[part.first + i];
      in.pending = in.pending || token < 0;
      in.token_ids.push_back(token);
      in.positions.push_back(part.first + i);
      in.sequence_of.push_back(static_cast<int32_t>(s));
    }
  }
  in.query_offsets.push_back(static_cast<int32_t>(in.token_ids.size()));
}

void LocalEngine::fill_samples(const std::vector<ScheduledPart>& parts) {
  for (const ScheduledPart& part : parts) {
    if (!part.samples) continue;
    const Sequence& sequence = *part.sequence;
    edits_.at(sequence.id)
        .append_row(requests_.at(sequence.id)->request().sampling, sequence.tokens, sequence.tokens.back() < 0,
                    sequence.slot, input_);
  }
}

void LocalEngine::note_scheduled(const std::vector<ScheduledPart>& parts, Clock::time_point start) {
  for (const ScheduledPart& part : parts) {
    if (!requests_.at(part.sequence->id)->scheduled(start, part.sequence->reused)) continue;
    --unscheduled_;
    totals_.total_reused_tokens += static_cast<uint64_t>(part.sequence->reused);
  }
}

/// A part whose logits are on the host.
void LocalEngine::deliver(const ScheduledPart& part, float* logits) {
  Sequence& sequence = *part.sequence;
  RequestState& state = *requests_.at(sequence.id);
  const size_t vocab = static_cast<size_t>(info().vocab_size);
  if (part.prefill) state.prefilled(sequence.computed);
  if (sequence.want_logits && state.sink().on_logits) {
    for (int row = 0; row < part.count; ++row) state.sink().on_logits(logits + row * vocab, info().vocab_size);
  }
  if (!part.samples) return;
  float* last = logits + (sequence.want_logits ? part.count - 1 : 0) * vocab;
  const std::vector<int32_t>& ends = model_->plan.info.eos_ids;
  const int32_t token =
      sampler_.sample({last, vocab}, state.request().sampling, {sequence.tokens, sequence.prompt_tokens, ends});
  if (const auto edits = edits_.find(sequence.id); edits != edits_.end() && token >= 0)
    edits->second.add_generated(token);
  scheduler_.append(sequence, token);
  take_token(part, token);
}

/// A token that now stands at its place in the sequence; may end the request.
void LocalEngine::take_token(const ScheduledPart& part, int32_t token) {
  const Sequence& sequence = *part.sequence;
  if (token < 0) {
    return finish(sequence.id, FinishReason::failed,
                  fmt::format("Numerical fault at position {}: no finite logit is left", part.first + part.count));
  }
  ++totals_.total_generated_tokens;
  RequestState& state = *requests_.at(sequence.id);
  const std::vector<int32_t>& ends = model_->plan.info.eos_ids;
  const bool is_end = !state.request().sampling.ignore_eos && std::find(ends.begin(), ends.end(), token) != ends.end();
  if (const auto reason = state.take(token, is_end, Clock::now())) finish(sequence.id, *reason);
}

void LocalEngine::record(const StepUnderWay& step, double device_ms) {
  IterationRecord record;
  record.iteration = ++totals_.iteration;
  record.start_ms = milliseconds_between(loaded_, step.start);
  record.duration_ms = device_ms;
  totals_.context_requests = totals_.generation_requests = 0;
  for (const auto& [id, part] : step.parts) {
    const auto found = requests_.find(id);
    record.entries.push_back(
        {part.slot, id, part.prefill, part.count, found == requests_.end() ? 0 : found->second->generated()});
    (part.prefill ? record.prefill_tokens : record.decode_tokens) += part.count;
    ++(part.prefill ? totals_.context_requests : totals_.generation_requests);
  }
  totals_.total_prompt_tokens += static_cast<uint64_t>(record.prefill_tokens);
  statistics_.record(std::move(record), Clock::now());
}

void LocalEngine::note_times(const StepUnderWay& step, double device_ms) {
  const auto now = Clock::now();
  totals_.step_ms = milliseconds_between(std::max(step.start, last_step_end_), now);
  totals_.device_ms = device_ms;
  totals_.host_ms = std::max(0.0, totals_.step_ms - device_ms);
  totals_.host_work_ms = std::exchange(host_work_ms_, 0.0);
  totals_.total_step_ms += totals_.step_ms;
  totals_.total_device_ms += device_ms;
  totals_.total_host_work_ms += totals_.host_work_ms;
  last_step_end_ = now;
}

}  // namespace flightdeck
