#include "core/engine/sample_error.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/device_error.h"

namespace flightdeck {
namespace {

constexpr int kSequences = 4;
constexpr int kSequenceTokens = 32;
constexpr int kBlockTokens = 16;
constexpr unsigned kSeed = 20240229;
constexpr int64_t kMaxLogits = 2 << 20;        // of the whole sample
constexpr int64_t kMaxHeadValues = 32 << 20;   // of the head: 64 MiB as float16

/// Device faults end here.
template <class Function>
Result<void> guarded(Function&& function) {
  try {
    function();
    return {};
  } catch (const DeviceOutOfMemory& error) {
    return fail(ErrorKind::no_space, "measuring the error on a sample: {}: build without measuring", error.what());
  } catch (const DeviceError& error) {
    return fail(ErrorKind::unsupported, "measuring the error on a sample: {}: build without measuring", error.what());
  }
}

}  // namespace

Result<std::unique_ptr<SampleError>> SampleError::create(const Plan& plan, int threads,
                                                          const std::vector<std::vector<int32_t>>& texts) {
  std::unique_ptr<SampleError> sample;
  TRY_VOID(guarded([&] { sample.reset(new SampleError(plan, threads, texts)); }));
  return sample;
}

SampleError::SampleError(const Plan& plan, int threads, const std::vector<std::vector<int32_t>>& texts)
    : plan_(plan), backend_(make_cpu_backend({threads})) {
  cut_plan();
  const int tokens = plan_.info.max_positions;
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < plan.weights.size(); ++i) index[plan.weights[i].name] = i;
  last_steps_.resize(plan.weights.size());
  size_t needed = 0;
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    for (const std::string& name : plan.steps[step].weights) {
      needed = std::max(needed, index.at(name) + 1);
      last_steps_[index.at(name)] = step;
    }
    needs_.push_back(needed);
  }
  fill_input(texts);
  const int blocks = kSequences * ((tokens + kBlockTokens - 1) / kBlockTokens);
  const auto all_tokens = static_cast<int>(token_ids_.size());
  const auto logit_rows = static_cast<int>(input_.logit_rows.size());
  for (auto [cache, executor] : {std::pair{&full_cache_, &full_}, std::pair{&engine_cache_, &engine_}}) {
    *cache = std::make_unique<KvCache>(*backend_, plan_.info, DType::f32, blocks, kBlockTokens);
    *executor = std::make_unique<Executor>(plan_, *backend_, store_, **cache, all_tokens, kSequences, logit_rows);
    (*executor)->begin(input_);
  }
}

void SampleError::cut_plan() {
  plan_.info.max_positions = std::min(kSequenceTokens, plan_.info.max_positions);
  vocab_size_ = plan_.info.vocab_size;
  const PlanStep& last = plan_.steps.back();
  const auto is_output = [&](const PlanStep& step) { return step.outputs[0] == plan_.output; };
  if (last.op != OpKind::linear || last.weights.size() != 1 ||
      std::count_if(plan_.steps.begin(), plan_.steps.end(), is_output) != 1)
    return;
  for (WeightSpec& spec : plan_.weights) {
    if (spec.name != last.weights[0] || spec.role != WeightRole::lm_head) continue;
    spec.rows = std::min(spec.rows, std::max<int64_t>(1, kMaxHeadValues / spec.cols));
    plan_.slot_widths[static_cast<size_t>(plan_.output)] = static_cast<int>(spec.rows);
  }
}

int64_t SampleError::rows_needed(const WeightSpec& spec) const {
  for (const WeightSpec& cut : plan_.weights)
    if (cut.name == spec.name) return cut.rows;
  return spec.rows;
}

/// The text's token there; a random one when there is no text, or when it is not in the model's vocabulary.
int32_t SampleError::token_at(const std::vector<std::vector<int32_t>>& texts, int sequence, int position,
                              std::mt19937& random) const {
  const auto any = static_cast<int32_t>(random() % static_cast<uint32_t>(vocab_size_));
  if (texts.empty()) return any;
  const std::vector<int32_t>& text = texts[static_cast<size_t>(sequence) % texts.size()];
  if (text.empty()) return any;
  const int32_t id = text[static_cast<size_t>(position) % text.size()];
  return id >= 0 && id < vocab_size_ ? id : any;
}

/// Short sequences; the embedding table has a row a token of the sample, so that ids are 0, 1, 2, …
void SampleError::fill_input(const std::vector<std::vector<int32_t>>& texts) {
  const int tokens = plan_.info.max_positions;
  const int64_t most_rows =
      std::max<int64_t>(1, kMaxLogits / plan_.slot_widths[static_cast<size_t>(plan_.output)] / kSequences);
  const int wanted = static_cast<int>(std::min<int64_t>(tokens, most_rows));
  std::mt19937 random(kSeed);
  input_.query_offsets.push_back(0);
  input_.max_blocks = (tokens + kBlockTokens - 1) / kBlockTokens;
  for (int sequence = 0; sequence < kSequences; ++sequence) {
    for (int position = 0; position < tokens; ++position) {
      const auto packed = static_cast<int32_t>(token_ids_.size());
      token_ids_.push_back(token_at(texts, sequence, position, random));
      input_.token_ids.push_back(packed);
      input_.positions.push_back(position);
      input_.sequence_of.push_back(sequence);
      if (position >= tokens - wanted) input_.logit_rows.push_back(packed);
    }
    input_.query_offsets.push_back(static_cast<int32_t>(token_ids_.size()));
    input_.kv_lengths.push_back(tokens);
    for (int block = 0; block < input_.max_blocks; ++block)
      input_.block_tables.push_back(sequence * input_.max_blocks + block);
  }
}

Result<void> SampleError::add(SampleWeight weight) {
  pending_.push_back({added_++, std::move(weight)});
  return guarded([&] { run_ready(); });
}

void SampleError::run_ready() {
  size_t end = step_;
  while (end < needs_.size() && needs_[end] <= added_) ++end;
  if (end == step_) return;
  run_pending(false, end);
  run_pending(true, end);
  step_ = end;
  std::erase_if(pending_, [&](const Pending& pending) { return last_steps_[pending.index] < end; });
}

/// One executor's steps up to `end`. Packs one set of weights at a time; the second run keeps those that are the same.
void SampleError::run_pending(bool as_engine, size_t end) {
  for (Pending& pending : pending_) {
    const WeightSpec& spec = plan_.weights[pending.index];
    const SampleWeight& weight = pending.weight;
    const bool differs = weight.engine.view.data != nullptr;
    if (as_engine && !differs) continue;
    store_.remove(spec.name);  // before the next is packed
    if (spec.role == WeightRole::vector) {
      store_.add_vector(*backend_, spec.name, weight.vector);
    } else {
      store_.add(spec.name, backend_->pack(as_engine ? weight.engine.view : weight.full.view));
    }
  }
  (as_engine ? engine_ : full_)->run(step_, end);
  if (!as_engine) return;
  for (const Pending& pending : pending_) store_.remove(plan_.weights[pending.index].name);
}

Result<LogitError> SampleError::finish() {
  if (step_ != plan_.steps.size())
    return fail(ErrorKind::invalid_input, "the sample stopped at step {} of {}", step_, plan_.steps.size());
  const size_t count =
      input_.logit_rows.size() * static_cast<size_t>(plan_.slot_widths[static_cast<size_t>(plan_.output)]);
  std::vector<float> full(count), engine(count);
  TRY_VOID(guarded([&] {
    full_->read_logits(full.data());
    engine_->read_logits(engine.data());
  }));
  const auto finite = [](float x) { return std::isfinite(x); };
  if (!std::all_of(full.begin(), full.end(), finite))
    return fail(ErrorKind::corrupt,
                "the checkpoint gives logits that are no numbers: it is damaged, or not a model of "
                "this kind");
  if (!std::all_of(engine.begin(), engine.end(), finite))
    return fail(ErrorKind::corrupt, "the engine gives logits that are no numbers: choose INT8 or full precision");
  return compare(full, engine);
}

LogitError SampleError::compare(const std::vector<float>& full, const std::vector<float>& engine) const {
  const auto vocab = static_cast<std::ptrdiff_t>(plan_.slot_widths[static_cast<size_t>(plan_.output)]);
  const auto rows = static_cast<std::ptrdiff_t>(input_.logit_rows.size());
  LogitError error;
  double squares = 0, spread = 0;
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    const auto f = full.begin() + row * vocab, e = engine.begin() + row * vocab;
    double mean = 0;
    for (std::ptrdiff_t i = 0; i < vocab; ++i) mean += f[i];
    mean /= static_cast<double>(vocab);
    for (std::ptrdiff_t i = 0; i < vocab; ++i) {
      const double difference = std::abs(static_cast<double>(f[i]) - e[i]);
      error.max_difference = std::max(error.max_difference, difference);
      error.mean_difference += difference;
      squares += difference * difference;
      spread += (f[i] - mean) * (f[i] - mean);
    }
    const bool agrees = std::max_element(f, f + vocab) - f == std::max_element(e, e + vocab) - e;
    error.top1_agreement += agrees ? 1 : 0;
  }
  error.mean_difference /= static_cast<double>(rows * vocab);
  error.top1_agreement /= static_cast<double>(rows);
  error.relative = spread > 0 ? std::sqrt(squares / spread) : 0;
  return error;
}

}  // namespace flightdeck
