#include "core/executor/executor.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/executor/rope_table.h"
#include "core/graph/alibi.h"

namespace flightdeck {
namespace {

// A step's integers lie in one device buffer, so that one upload carries them all.
struct StepLayout {
  size_t token_ids, positions, sequence_of, query_offsets, kv_lengths, logit_rows, block_tables, total;

  StepLayout(int max_tokens, int max_sequences, int max_logit_rows, int max_blocks) {
    size_t at = 0;
    const auto take = [&at](size_t count) { return std::exchange(at, at + (count + 15) / 16 * 16); };
    token_ids = take(max_tokens);
    positions = take(max_tokens);
    sequence_of = take(max_tokens);
    query_offsets = take(max_sequences + 1);
    kv_lengths = take(max_sequences);
    logit_rows = take(max_logit_rows);
    block_tables = take(static_cast<size_t>(max_sequences) * max_blocks);
    total = at;
  }
};

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

}  // namespace

struct Executor::State {
  State(const Plan& plan, Backend& backend, const KvCache& cache, int max_tokens, int max_sequences, int max_logit_rows)
      : layout(max_tokens, max_sequences, max_logit_rows, max_blocks_of(plan, cache)),
        narrow(narrow_steps(plan)),
        activation(backend.info().activation),
        max_tokens(max_tokens),
        max_sequences(max_sequences),
        max_logit_rows(max_logit_rows),
        max_blocks(max_blocks_of(plan, cache)) {
    std::vector<int> rows(plan.slot_widths.size(), 0);
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      for (int slot : plan.steps[i].outputs) rows[slot] = std::max(rows[slot], narrow[i] ? max_logit_rows : max_tokens);
    }
    for (size_t slot = 0; slot < rows.size(); ++slot) {
      const size_t bytes =
          static_cast<size_t>(rows[slot]) * plan.slot_widths[slot] * bytes_of(activation);
      slots.push_back(bytes > 0 ? backend.allocate(bytes) : Buffer());
    }
    integers = backend.allocate(layout.total * sizeof(int32_t));
    host.resize(layout.total);
    make_tables(plan, backend);
  }

  void make_tables(const Plan& plan, Backend& backend) {
    for (const PlanStep& step : plan.steps) {
      if (step.attributes.rotary_dim > 0 && rope.data() == nullptr) {
        rope =
            upload(backend, make_rope_table(plan.info.max_positions, step.attributes.rotary_dim, plan.info.rope_theta));
      }
      if (step.attributes.alibi && slopes.data() == nullptr)
        slopes = upload(backend, alibi_slopes(step.attributes.heads));
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

  StepLayout layout;
  std::vector<bool> narrow;  // by step
  DType activation;          // of all slots; asked once, a device's info costs a system call
  int max_tokens, max_sequences, max_logit_rows, max_blocks;
  std::vector<Buffer> slots;
  Buffer integers, rope, slopes, all_rows;
  std::vector<int32_t> host;
  BatchView batch;  // of the step begun, in device pointers
  const int32_t* logit_rows = nullptr;
  int logit_row_count = 0;
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
  backend_.begin_step();
  begin(input);
  run(0, plan_.steps.size());
  backend_.end_step();
  read_logits(logits);
}

void Executor::begin(const StepInput& input) {
  State& s = *state_;
  const int sequences = static_cast<int>(input.kv_lengths.size());
  assert(static_cast<int>(input.token_ids.size()) <= s.max_tokens && sequences <= s.max_sequences);
  assert(static_cast<int>(input.logit_rows.size()) <= s.max_logit_rows && input.max_blocks <= s.max_blocks);
  int32_t* device = s.integers.as<int32_t>();
  const auto put = [&](size_t at, const std::vector<int32_t>& values) {
    std::copy(values.begin(), values.end(), s.host.begin() + static_cast<std::ptrdiff_t>(at));
    return device + at;
  };
  s.batch.tokens = static_cast<int>(input.token_ids.size());
  s.batch.sequences = sequences;
  s.batch.max_blocks = input.max_blocks;
  s.batch.token_ids = put(s.layout.token_ids, input.token_ids);
  s.batch.positions = put(s.layout.positions, input.positions);
  s.batch.sequence_of = put(s.layout.sequence_of, input.sequence_of);
  s.batch.query_offsets = put(s.layout.query_offsets, input.query_offsets);
  s.batch.kv_lengths = put(s.layout.kv_lengths, input.kv_lengths);
  s.batch.block_tables = put(s.layout.block_tables, input.block_tables);
  s.logit_rows = put(s.layout.logit_rows, input.logit_rows);
  s.logit_row_count = static_cast<int>(input.logit_rows.size());
  backend_.upload(device, s.host.data(), (s.layout.block_tables + input.block_tables.size()) * sizeof(int32_t));
}

void Executor::run(size_t first_step, size_t last_step) {
  for (size_t i = first_step; i < last_step; ++i) {
    // Steps behind needed_rows have nothing to do when nobody wants logits (a prefill chunk before the last).
    if (state_->narrow[i] && state_->logit_row_count == 0) continue;
    run_step(plan_.steps[i], state_->narrow[i] ? state_->logit_row_count : state_->batch.tokens);
  }
}

Matrix Executor::matrix(int slot, int rows) const {
  const int width = plan_.slot_widths[slot];
  return {state_->slots[slot].data(), state_->activation, rows, width, width};
}

/// For operations that work in place: copies the input there when the plan gave the output a slot of its own.
Matrix Executor::in_place(const PlanStep& step, int rows) {
  const Matrix out = matrix(step.outputs[0], rows);
  if (step.outputs[0] != step.inputs[0]) {
    backend_.gather_rows({out, matrix(step.inputs[0], rows), state_->all_rows.as<int32_t>()});
  }
  return out;
}

void Executor::run_step(const PlanStep& step, int rows) {
  const Attributes& a = step.attributes;
  const State& s = *state_;
  const auto in = [&](int i) { return matrix(step.inputs[i], rows); };
  const auto out = [&](int i) { return matrix(step.outputs[i], rows); };
  const auto vector = [&](size_t i) { return i < step.weights.size() ? weights_.vector(step.weights[i]) : nullptr; };
  switch (step.op) {
    case OpKind::embedding:
      return backend_.embedding({out(0), weights_.matrix(step.weights[0]), s.batch.token_ids});
    case OpKind::rms_norm:
      return backend_.rms_norm({out(0), in(0), vector(0), a.eps});
    case OpKind::residual_rms_norm:
      return backend_.residual_rms_norm({out(1), in_place(step, rows), in(1), vector(0), a.eps});
    case OpKind::linear:
      return backend_.linear({out(0), in(0), weights_.matrix(step.weights[0]), vector(1)});
    case OpKind::rope:
      return backend_.rope(
          {in_place(step, rows), a.heads, a.head_dim, a.rotary_dim, s.rope.as<float>(), s.batch.positions});
    case OpKind::rope_cache_write:
      return backend_.rope_cache_write(
          {cache_.layer(step.layer), in_place(step, rows), s.batch, a.heads, a.rotary_dim, s.rope.as<float>()});
    case OpKind::attention:
      backend_.cache_write({cache_.layer(step.layer), in(1), in(2), s.batch});
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
      return backend_.gather_rows({out(0), matrix(step.inputs[0], s.batch.tokens), s.logit_rows});
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
  args.batch = state_->batch;
  args.heads = a.heads;
  args.scale = a.scale;
  args.window = a.window;
  args.alibi_slopes = a.alibi ? state_->slopes.as<float>() : nullptr;
  backend_.attention(args);
}

void Executor::read_logits(float* logits) {
  backend_.synchronize();
  const size_t count = static_cast<size_t>(state_->logit_row_count) * plan_.slot_widths[plan_.output];
  if (count > 0) backend_.download(logits, state_->slots[plan_.output].data(), count * sizeof(float));
}

uint64_t Executor::workspace_bytes() const {
  uint64_t sum = state_->integers.bytes() + state_->rope.bytes();
  for (const Buffer& slot : state_->slots) sum += slot.bytes();
  return sum;
}

}  // namespace flightdeck
