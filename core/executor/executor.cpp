#include "core/executor/executor.h"

#include <algorithm>
#include <atomic>
#include <cassert>

#include "core/executor/rope_table.h"
#include "core/executor/step_buffer.h"
#include "core/executor/step_size.h"
#include "core/graph/alibi.h"

namespace flightdeck {
namespace {

int max_blocks_of(const Plan& plan, const KvCache& cache) {
  const int context_blocks = (plan.info.max_positions + cache.block_size() - 1) / cache.block_size();
  return std::max(1, std::min(context_blocks, cache.blocks()));
}

/// Which slots hold only the needed rows after each step; slot capacities follow from it.
std::vector<bool> narrow_steps(const Plan& plan) {
  std::vector<bool> slot_narrow(plan.slot_widths.size(), false), step_narrow;
  for (const PlanStep& step : plan.steps) {
    bool narrow = step.op == OpKind::needed_rows;
    for (int slot : step.inputs) narrow = narrow || slot_narrow[slot];
    for (int slot : step.outputs) slot_narrow[slot] = narrow;
    step_narrow.push_back(narrow);
  }
  return step_narrow;
}

/// The step that makes the logits. They are float32 on every device: sampling and perplexity see no half's rounding.
size_t logits_step(const Plan& plan) {
  size_t last = 0;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& outputs = plan.steps[i].outputs;
    if (std::find(outputs.begin(), outputs.end(), plan.output) != outputs.end()) last = i;
  }
  return last;
}

std::atomic<uint64_t> executors{0};

}  // namespace

std::vector<size_t> slot_bytes(const Plan& plan, DType activation, int max_tokens, int max_logit_rows) {
  const std::vector<bool> narrow = narrow_steps(plan);
  const size_t logits = logits_step(plan);
  std::vector<size_t> bytes(plan.slot_widths.size(), 0);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const auto rows = static_cast<size_t>(narrow[i] ? max_logit_rows : max_tokens);
    const DType dtype = i == logits ? DType::f32 : activation;
    for (const int slot : plan.steps[i].outputs) {
      const size_t needed = rows * static_cast<size_t>(plan.slot_widths[slot]) * bytes_of(dtype);
      bytes[slot] = std::max(bytes[slot], needed);
    }
  }
  return bytes;
}

struct Executor::State {
  State(const Plan& plan, Backend& backend, const KvCache& cache, int max_tokens, int max_sequences, int max_logit_rows)
      : narrow(narrow_steps(plan)),
        logits_step(flightdeck::logits_step(plan)),
        activation(backend.info().activation),
        max_tokens(max_tokens),
        max_sequences(max_sequences),
        max_logit_rows(max_logit_rows),
        max_blocks(max_blocks_of(plan, cache)),
        step(backend, max_tokens, max_sequences, max_logit_rows, max_blocks) {
    for (const size_t size : slot_bytes(plan, activation, max_tokens, max_logit_rows))
      slots.push_back(size > 0 ? backend.allocate(size) : Buffer());
    make_tables(plan, backend);
    if (!backend.samples()) return;
    ids = backend.allocate(max_logit_rows * sizeof(int32_t));
    last_tokens = upload(backend, std::vector<int32_t>(max_sequences, 0));
    for (Buffer& host : host_ids) host = backend.allocate_host(max_logit_rows * sizeof(int32_t));
  }

  /// Of what step `index` writes.
  DType dtype(size_t index) const { return index == logits_step ? DType::f32 : activation; }

  void make_tables(const Plan& plan, Backend& backend) {
    for (const PlanStep& plan_step : plan.steps) {
      const Attributes& a = plan_step.attributes;
      if (a.rotary_dim > 0 && rope.data() == nullptr)
        rope = upload(backend, make_rope_table(plan.info.max_positions, a.rotary_dim, plan.info.rope_theta));
      if (a.alibi && slopes.data() == nullptr) slopes = upload(backend, alibi_slopes(a.heads));
    }
    std::vector<int32_t> rows(max_tokens);
    for (int i = 0; i < max_tokens; ++i) rows[i] = i;
    all_rows = upload(backend, rows);
  }

  template <class T>
  static Buffer upload(Backend& backend, const std::vector<T>& values) {
    Buffer buffer = backend.allocate(values.size() * sizeof(T));
    backend.upload(buffer.data(), values.data(), values.size() * sizeof(T));
    return buffer;
  }

  const uint64_t id = ++executors;
  std::vector<bool> narrow;  // by step
  size_t logits_step;
  DType activation;  // asked once, a device's info costs a system call
  int max_tokens, max_sequences, max_logit_rows, max_blocks;
  std::vector<Buffer> slots;
  Buffer rope, slopes, all_rows;
  StepBuffer step;
  int logit_row_count = 0;
  // Sampling on the device:
  Buffer ids, last_tokens;
  Buffer host_ids[2];
  uint64_t started = 0, finished = 0;  // steps
  struct Times {
    uint64_t begin = 0, end = 0;  // marks
    int rows = 0;
  } times[2];
};

Executor::Executor(const Plan& plan, Backend& backend, const WeightStore& weights, const KvCache& cache, int max_tokens,
                   int max_sequences, int max_logit_rows)
    : plan_(plan),
      backend_(backend),
      weights_(weights),
      cache_(cache),
      state_(std::make_unique<State>(plan, backend, cache, max_tokens, max_sequences, max_logit_rows)) {}

Executor::~Executor() = default;

void Executor::step(const StepInput& input, float* logits) {
  begin(input);
  backend_.run_step(key(0), [this] { run(0, plan_.steps.size()); });
  read_logits(logits);
}

void Executor::begin(const StepInput& input) {
  State& s = *state_;
  assert(static_cast<int>(input.token_ids.size()) <= s.max_tokens);
  assert(static_cast<int>(input.kv_lengths.size()) <= s.max_sequences);
  assert(static_cast<int>(input.logit_rows.size()) <= s.max_logit_rows && input.max_blocks <= s.max_blocks);
  s.step.put(input);
  s.logit_row_count = static_cast<int>(input.logit_rows.size());
}

/// Steps that only decode come again and again in few shapes; a prefill chunk is nearly always unlike the one before.
StepKey Executor::key(int variant) const {
  const BatchView& batch = state_->step.batch();
  if (batch.tokens != batch.sequences) return {};
  return {state_->id, batch.tokens, batch.sequences, batch.max_blocks, state_->logit_row_count, variant};
}

void Executor::start(const StepInput& input) {
  State& s = *state_;
  assert(s.started - s.finished < 2);
  State::Times& times = s.times[s.started % 2];
  begin(input);
  times.begin = backend_.mark();
  times.rows = s.logit_row_count;
  const bool greedy = std::all_of(input.samples.begin(), input.samples.end(),
                                  [](const SampleInput& sample) { return sample.row.temperature <= 0; });
  const int variant = 1 + (input.pending ? 1 : 0) + (greedy ? 2 : 0);
  backend_.run_step(key(variant), [this, &input, greedy] { run_and_sample(input.pending, greedy); });
  const size_t bytes = static_cast<size_t>(times.rows) * sizeof(int32_t);
  if (bytes > 0) backend_.download_later(s.host_ids[s.started % 2].data(), s.ids.data(), bytes);
  times.end = backend_.mark();
  ++s.started;
}

void Executor::run_and_sample(bool pending, bool greedy) {
  State& s = *state_;
  if (pending) backend_.pending_tokens({s.step.token_ids(), s.last_tokens.as<int32_t>(), s.step.batch().tokens});
  run(0, plan_.steps.size());
  if (s.logit_row_count == 0) return;
  const Matrix logits = matrix(plan_.output, s.logit_row_count, DType::f32);
  backend_.sample({logits, s.ids.as<int32_t>(), s.last_tokens.as<int32_t>(), s.step.samples(), greedy});
}

Executor::Sampled Executor::finish() {
  State& s = *state_;
  assert(s.finished < s.started);
  const State::Times& times = s.times[s.finished % 2];
  backend_.wait(times.end);
  const auto* ids = s.host_ids[s.finished % 2].as<const int32_t>();
  ++s.finished;
  return {{ids, static_cast<size_t>(times.rows)}, backend_.milliseconds_between(times.begin, times.end)};
}

int Executor::under_way() const { return static_cast<int>(state_->started - state_->finished); }

void Executor::run(size_t first_step, size_t last_step) {
  for (size_t i = first_step; i < last_step; ++i) {
    // Steps behind needed_rows have nothing to do when nobody wants logits (a prefill chunk before the last).
    if (state_->narrow[i] && state_->logit_row_count == 0) continue;
    run_step(plan_.steps[i], state_->narrow[i] ? state_->logit_row_count : state_->step.batch().tokens,
             state_->dtype(i));
  }
}

Matrix Executor::matrix(int slot, int rows, DType dtype) const {
  const int width = plan_.slot_widths[slot];
  return {state_->slots[slot].data(), dtype, rows, width, width};
}
Matrix Executor::matrix(int slot, int rows) const { return matrix(slot, rows, state_->activation); }

/// For operations that work in place: copies the input there when the plan gave the output a slot of its own.
Matrix Executor::in_place(const PlanStep& step, int rows) {
  const Matrix out = matrix(step.outputs[0], rows);
  if (step.outputs[0] != step.inputs[0]) {
    backend_.gather_rows({out, matrix(step.inputs[0], rows), state_->all_rows.as<int32_t>()});
  }
  return out;
}

void Executor::run_step(const PlanStep& step, int rows, DType out_type) {
  const Attributes& a = step.attributes;
  const State& s = *state_;
  const auto in = [&](int i) { return matrix(step.inputs[i], rows); };
  const auto out = [&](int i) { return matrix(step.outputs[i], rows, out_type); };
  const BatchView& batch = s.step.batch();
  const auto vector = [&](size_t i) { return i < step.weights.size() ? weights_.vector(step.weights[i]) : nullptr; };
  switch (step.op) {
    case OpKind::embedding:
      return backend_.embedding({out(0), weights_.matrix(step.weights[0]), batch.token_ids});
    case OpKind::rms_norm:
      return backend_.rms_norm({out(0), in(0), vector(0), a.eps});
    case OpKind::residual_rms_norm:
      return backend_.residual_rms_norm({out(1), in_place(step, rows), in(1), vector(0), a.eps});
    case OpKind::linear:
      return backend_.linear({out(0), in(0), weights_.matrix(step.weights[0]), vector(1)});
    case OpKind::rope:
      return backend_.rope(
          {in_place(step, rows), a.heads, a.head_dim, a.rotary_dim, s.rope.as<float>(), batch.positions});
    case OpKind::rope_cache_write:
      return backend_.rope_cache_write(
          {cache_.layer(step.layer), in_place(step, rows), batch, a.heads, a.rotary_dim, s.rope.as<float>()});
    case OpKind::attention:
      backend_.cache_write({cache_.layer(step.layer), in(1), in(2), batch});
      return attention(step, rows);
    case OpKind::cached_attention:
      return attention(step, rows);
    case OpKind::activation:
      return backend_.activation({out(0), in(0), a.activation});
    case OpKind::gated_activation:
      return backend_.gated_activation({out(0), in(0), a.activation});
    case OpKind::multiply:
      return backend_.multiply({out(0), in(0), in(1)});
    case OpKind::add:
      return backend_.add({out(0), in(0), in(1)});
    case OpKind::needed_rows:
      return backend_.gather_rows({out(0), matrix(step.inputs[0], batch.tokens), s.step.logit_rows()});
    case OpKind::scale:
    case OpKind::normalized_linear:
      break;  // folded by their passes; plans that hold them are refused when they are made and when they are read
  }
  assert(false && "operation cannot be executed");
}

void Executor::attention(const PlanStep& step, int rows) {
  const Attributes& a = step.attributes;
  AttentionArgs args;
  args.out = matrix(step.outputs[0], rows);
  args.q = matrix(step.inputs[0], rows);
  args.q.cols = a.heads * a.head_dim;  // the query columns of a packed qkv
  args.cache = cache_.layer(step.layer);
  args.batch = state_->step.batch();
  args.heads = a.heads;
  args.scale = a.scale;
  args.window = a.window;
  args.alibi_slopes = a.alibi ? state_->slopes.as<float>() : nullptr;
  backend_.attention(args);
}

std::vector<OpTime> Executor::profile(const StepInput& input) {
  const State& s = *state_;
  begin(input);
  std::vector<OpTime> times;
  std::vector<uint64_t> marks = {backend_.mark()};
  const int tokens = s.step.batch().tokens;
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    if (s.narrow[i] && s.logit_row_count == 0) continue;
    const PlanStep& step = plan_.steps[i];
    const int rows = s.narrow[i] ? s.logit_row_count : tokens;
    run(i, i + 1);
    marks.push_back(backend_.mark());
    times.push_back({title_of(step), 0,
                     cost_of(plan_, step, weights_, input, rows, rows, static_cast<double>(bytes_of(s.activation)))});
  }
  backend_.wait(marks.back());
  for (size_t i = 0; i < times.size(); ++i) times[i].ms = backend_.milliseconds_between(marks[i], marks[i + 1]);
  return times;
}

void Executor::read_logits(float* logits) {
  backend_.synchronize();
  const size_t count = static_cast<size_t>(state_->logit_row_count) * plan_.slot_widths[plan_.output];
  if (count > 0) backend_.download(logits, state_->slots[plan_.output].data(), count * sizeof(float));
}

uint64_t Executor::workspace_bytes() const {
  uint64_t sum = state_->step.bytes() + state_->rope.bytes();
  for (const Buffer& slot : state_->slots) sum += slot.bytes();
  return sum;
}

}  // namespace flightdeck
