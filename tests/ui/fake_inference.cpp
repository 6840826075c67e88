#include "tests/ui/fake_inference.h"

#include <algorithm>
#include <chrono>

namespace flightdeck::test {

std::vector<int32_t> ByteTokenizer::encode(std::string_view text, SpecialTokens) const {
  std::vector<int32_t> ids;
  for (char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

FakeInference::FakeInference(Script script, std::string path) : script_(std::move(script)) {
  info_.name = script_.name;
  info_.path = std::move(path);
  info_.model = "Flightdeck starter";
  info_.qformat = "int8_wo";
  info_.device = "cpu";
  info_.device_name = "Test CPU, 2 threads";
  info_.context_tokens = script_.context_tokens;
  info_.max_batch_size = script_.slots;
  sampling_.temperature = 0.3;
  sampling_.top_p = 0.85;
  stats_.max_requests = script_.slots;
  stats_.max_kv_blocks = 3200;
  stats_.weight_bytes = 38'000'000;
  stats_.kv_cache_bytes = 120'000'000;
  stats_.host_rss_bytes = 240'000'000;
  thread_ = std::thread([this] { run(); });
}

FakeInference::~FakeInference() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (auto& running : running_) running->cancelled = true;
    script_.held = false;
  }
  ready_.notify_all();
  thread_.join();
}

Result<RequestId> FakeInference::submit(Request request, RequestSink sink) {
  if (static_cast<int>(request.prompt.size()) >= script_.context_tokens)
    return fail(ErrorKind::invalid_input, "prompt has {} tokens, the context holds {}", request.prompt.size(),
                script_.context_tokens);
  auto running = std::make_shared<Running>();
  std::string prompt;
  for (int32_t id : request.prompt) prompt += static_cast<char>(id);
  running->text = script_.answer(prompt);
  running->request = std::move(request);
  running->sink = std::move(sink);
  ++submitted_;
  std::lock_guard lock(mutex_);
  running->id = next_++;
  running_.push_back(running);
  ready_.notify_all();
  return running->id;
}

void FakeInference::cancel(RequestId id) {
  std::lock_guard lock(mutex_);
  for (auto& running : running_)
    if (running->id == id) running->cancelled = true;
  ready_.notify_all();
}

void FakeInference::release() {
  std::lock_guard lock(mutex_);
  script_.held = false;
  ready_.notify_all();
}

void FakeInference::end(Running& running, FinishReason reason) {
  Completion completion;
  completion.id = running.id;
  completion.reason = reason;
  completion.stats.prompt_tokens = static_cast<int>(running.request.prompt.size());
  completion.stats.generated_tokens = running.generated;
  completion.stats.decode_tokens_per_s = 71.3;
  completion.stats.prompt_tokens_per_s = 4120;
  completion.stats.first_token_ms = 21;
  running.sink.on_done(completion);
}

void FakeInference::step(std::unique_lock<std::mutex>& lock) {
  IterationRecord record;
  record.iteration = ++stats_.iteration;
  std::vector<std::shared_ptr<Running>> batch;
  for (auto& running : running_) {
    if (running->slot < 0) {
      for (int slot = 0; slot < script_.slots && running->slot < 0; ++slot)
        if (std::none_of(running_.begin(), running_.end(), [slot](const auto& r) { return r->slot == slot; }))
          running->slot = slot;
    }
    if (running->slot >= 0 || running->cancelled) batch.push_back(running);
  }
  std::vector<std::shared_ptr<Running>> ended;
  lock.unlock();
  for (auto& running : batch) {
    const auto prompt = static_cast<int>(running->request.prompt.size());
    if (running->cancelled) {
      end(*running, FinishReason::cancelled);
      ended.push_back(running);
    } else if (running->prefilled < prompt) {
      const int chunk = std::min(script_.prefill_chunk, prompt - running->prefilled);
      running->prefilled += chunk;
      record.prefill_tokens += chunk;
      record.entries.push_back({running->slot, running->id, true, chunk, 0});
      if (running->sink.on_prefill) running->sink.on_prefill(running->prefilled, prompt);
    } else {
      size_t end_at = std::min(running->text.size(), running->at + static_cast<size_t>(script_.token_bytes));
      while (end_at < running->text.size() && (static_cast<unsigned char>(running->text[end_at]) & 0xc0) == 0x80)
        ++end_at;
      const std::string_view piece = std::string_view(running->text).substr(running->at, end_at - running->at);
      running->at = end_at;
      ++running->generated;
      ++record.decode_tokens;
      record.entries.push_back({running->slot, running->id, false, 1, running->generated});
      const bool on = running->sink.on_token({running->id, 0, piece, running->generated});
      const bool full = running->generated >= running->request.max_tokens;
      if (!on || full || running->at >= running->text.size()) {
        end(*running, !on ? FinishReason::cancelled : full ? FinishReason::length : FinishReason::eos);
        ended.push_back(running);
      }
    }
  }
  lock.lock();
  for (auto& gone : ended) std::erase(running_, gone);
  records_.push_back(record);
  if (records_.size() > 2048) records_.pop_front();
  stats_.step_ms = script_.step_us / 1000.0;
  stats_.host_ms = 0.1;
  stats_.decode_tokens_per_s = script_.step_us ? 1e6 / script_.step_us * record.decode_tokens : 0;
  stats_.prefill_tokens_per_s = script_.step_us ? 1e6 / script_.step_us * record.prefill_tokens : 0;
}

void FakeInference::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] {
      const bool cancel = std::any_of(running_.begin(), running_.end(), [](const auto& r) { return r->cancelled; });
      return closing_ || cancel || (!running_.empty() && !script_.held);
    });
    if (running_.empty()) {
      if (closing_) return;
      continue;
    }
    step(lock);
    if (script_.step_us == 0 || closing_) continue;
    ready_.wait_for(lock, std::chrono::microseconds(script_.step_us), [this] { return closing_; });
  }
}

EngineStats FakeInference::stats() const {
  std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  for (const auto& running : running_) {
    RequestView view;
    view.id = running->id;
    view.label = running->request.label;
    view.slot = running->slot;
    view.prompt_tokens = static_cast<int>(running->request.prompt.size());
    view.prefilled_tokens = running->prefilled;
    view.generated_tokens = running->generated;
    view.tokens_per_s = script_.step_us ? 1e6 / script_.step_us : 0;
    view.state = running->slot < 0                         ? RequestView::State::queued
                 : running->prefilled < view.prompt_tokens ? RequestView::State::prefill
                                                           : RequestView::State::decode;
    (running->slot < 0 ? stats.queued_requests : stats.active_requests)++;
    stats.used_kv_blocks += (view.prefilled_tokens + view.generated_tokens) / 4;
    stats.requests.push_back(view);
  }
  if (running_.empty()) stats.decode_tokens_per_s = stats.prefill_tokens_per_s = 0;
  return stats;
}

std::vector<IterationRecord> FakeInference::iterations_after(uint64_t iteration) const {
  std::lock_guard lock(mutex_);
  std::vector<IterationRecord> records;
  for (const IterationRecord& record : records_)
    if (record.iteration > iteration) records.push_back(record);
  return records;
}

}  // namespace flightdeck::test
