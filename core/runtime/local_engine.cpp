#include "core/runtime/local_engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/base/memory.h"
#include "core/runtime/validate.h"

namespace flightdeck {
namespace {

bool needs_known_tokens(const Request& request) {
  return request.want_logits || LogitEdits::needs_known_tokens(request.sampling);
}

}  // namespace

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
  stats.device = device_usage(info().device);
  return stats;
}

void LocalEngine::run() {
  bool attached = false;
  while (take_commands()) {
    try {
      if (!attached) model_->backend->attach_thread();
      attached = true;
      if (!scheduler_.idle() || !under_way_.empty()) step();
    } catch (const std::exception& error) {  // the only catch of device errors (DeviceError, bad_alloc)
      failed_ = true;
      under_way_.clear();
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
    wake_.wait(lock, [this] { return quitting_ || !inbox_.empty() || !scheduler_.idle() || !under_way_.empty(); });
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
  need_known_tokens_ += needs_known_tokens(request) ? 1 : 0;
  if (model_->backend->samples())
    edits_.emplace(state->id(), LogitEdits(request.sampling, request.prompt, model_->plan.info.eos_ids));
  requests_.emplace(state->id(), std::move(state));
}

void LocalEngine::finish(RequestId id, FinishReason reason, const std::string& error) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const auto state = std::move(found->second);
  requests_.erase(found);
  edits_.erase(id);
  need_known_tokens_ -= needs_known_tokens(state->request()) ? 1 : 0;
  const auto sequence = scheduler_.remove(id);
  if (sequence && !sequence->started) --unscheduled_;
  state->finish(reason, error, Clock::now());
}

void LocalEngine::finish_all(FinishReason reason, const std::string& error) {
  while (!requests_.empty()) finish(requests_.begin()->first, reason, error);
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
