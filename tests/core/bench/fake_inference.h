// An engine that answers every request on one thread with the id 7 and logits that are all zero.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "core/runtime/inference.h"

namespace flightdeck::test {

/// Every byte is a token.
class ByteTokenizer : public Tokenizer {
 public:
  explicit ByteTokenizer(bool has_bos) : bos_(has_bos ? 256 : -1) {}
  int vocab_size() const override { return 257; }
  std::vector<int32_t> encode(std::string_view text, SpecialTokens) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::string token_bytes(int32_t id) const override { return id < 256 ? std::string(1, static_cast<char>(id)) : ""; }
  std::string piece(int32_t id) const override { return token_bytes(id); }
  int32_t id_of(std::string_view) const override { return -1; }
  bool is_control(int32_t id) const override { return id == 256; }
  bool adds_leading_space() const override { return false; }
  int32_t bos_id() const override { return bos_; }
  int32_t eos_id() const override { return -1; }
  bool add_bos() const override { return bos_ >= 0; }

 private:
  int32_t bos_;
};

class FakeInference : public Inference {
 public:
  explicit FakeInference(bool has_bos = true, size_t max_queue = 512) : tokenizer_(has_bos), max_queue_(max_queue) {
    info_.vocab_size = 257;
    info_.context_tokens = 64;
    info_.max_batch_size = 4;
    thread_ = std::thread([this] { run(); });
  }
  ~FakeInference() override {
    {
      const std::lock_guard lock(mutex_);
      quitting_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  const EngineInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const ChatPrompt& chat_prompt() const override { return chat_prompt_; }
  const SamplingParams& default_sampling() const override { return sampling_; }
  EngineStats stats() const override { return {}; }
  std::vector<IterationRecord> iterations_after(uint64_t) const override { return {}; }
  Result<RequestId> submit(Request request, RequestSink sink) override {
    const std::lock_guard lock(mutex_);
    if (static_cast<int>(request.prompt.size()) + request.max_tokens > info_.context_tokens)
      return fail(ErrorKind::invalid_input, "too long");
    if (queue_.size() >= max_queue_) return fail(ErrorKind::busy, "full");
    asked_.push_back(request.max_tokens);
    queue_.push_back({++last_id_, std::move(request), std::move(sink)});
    wake_.notify_all();
    return last_id_;
  }
  void cancel(RequestId id) override {
    const std::lock_guard lock(mutex_);
    cancelled_.insert(id);
    wake_.notify_all();
  }
  /// How many tokens each request was submitted for.
  std::vector<int> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  /// Requests stay in the queue until they are cancelled.
  void hold() { held_ = true; }

 private:
  struct Job {
    RequestId id;
    Request request;
    RequestSink sink;
  };
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return quitting_ || (!queue_.empty() && (!held_ || !cancelled_.empty())); });
      if (queue_.empty()) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      const bool cancelled = quitting_ || cancelled_.count(job.id) > 0;
      lock.unlock();
      answer(job, cancelled);
      lock.lock();
    }
  }
  void answer(Job& job, bool cancelled) {
    Completion completion;
    completion.id = job.id;
    completion.reason = cancelled ? FinishReason::cancelled : FinishReason::length;
    completion.stats.prompt_tokens = static_cast<int>(job.request.prompt.size());
    completion.stats.total_ms = 1;
    const std::vector<float> logits(257, 0.0f);
    for (size_t i = 0; !cancelled && job.sink.on_logits && i < job.request.prompt.size(); ++i)
      job.sink.on_logits(logits.data(), 257);
    for (int i = 0; !cancelled && i < job.request.max_tokens; ++i, ++completion.stats.generated_tokens)
      if (job.sink.on_token) job.sink.on_token({job.id, 7, "x", i + 1});
    job.sink.on_done(completion);
  }

  EngineInfo info_;
  ByteTokenizer tokenizer_;
  ChatPrompt chat_prompt_;
  SamplingParams sampling_;
  size_t max_queue_;
  mutable std::mutex mutex_;
  std::vector<int> asked_;  // guarded by mutex_
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::set<RequestId> cancelled_;
  RequestId last_id_ = 0;
  bool quitting_ = false;
  std::atomic<bool> held_ = false;
  std::thread thread_;
};

}  // namespace flightdeck::test
