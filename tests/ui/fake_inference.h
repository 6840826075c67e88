// An engine for tests of the window: streams scripted text from a thread of its own, batches like a real one, never
// loads anything. Thread-safe like every Inference.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "core/runtime/inference.h"

namespace flightdeck::test {

/// One token a byte of UTF-8 text, so that counting is easy.
class ByteTokenizer : public Tokenizer {
 public:
  int vocab_size() const override { return 256; }
  std::vector<int32_t> encode(std::string_view text, SpecialTokens) const override;
  std::string token_bytes(int32_t id) const override { return std::string(1, static_cast<char>(id)); }
  std::string piece(int32_t id) const override { return token_bytes(id); }
  int32_t id_of(std::string_view) const override { return -1; }
  bool is_control(int32_t) const override { return false; }
  bool adds_leading_space() const override { return false; }
  int32_t bos_id() const override { return -1; }
  int32_t eos_id() const override { return -1; }
  bool add_bos() const override { return false; }
};

class FakeInference : public Inference {
 public:
  struct Script {
    std::function<std::string(const std::string& prompt)> answer = [](const std::string&) { return "An answer."; };
    int step_us = 0;      // pause between steps
    int token_bytes = 4;  // at least, whole characters
    int prefill_chunk = 256;
    int context_tokens = 4096;
    int slots = 8;
    std::string name = "starter-int8";
    bool held = false;  // requests are taken but nothing runs until release()
  };
  FakeInference(Script script, std::string path);
  ~FakeInference() override;

  const EngineInfo& info() const override { return info_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const ChatPrompt& chat_prompt() const override { return prompt_; }
  const SamplingParams& default_sampling() const override { return sampling_; }
  Result<RequestId> submit(Request request, RequestSink sink) override;
  void cancel(RequestId id) override;
  EngineStats stats() const override;
  std::vector<IterationRecord> iterations_after(uint64_t iteration) const override;

  void release();  // lets a held engine run
  int submitted() const { return submitted_; }

 private:
  struct Running {
    RequestId id = 0;
    Request request;
    RequestSink sink;
    std::string text;
    size_t at = 0;
    int prefilled = 0, generated = 0, slot = -1;
    bool cancelled = false;
  };
  void run();
  void step(std::unique_lock<std::mutex>& lock);
  void end(Running& running, FinishReason reason);
  Script script_;
  EngineInfo info_;
  ByteTokenizer tokenizer_;
  ChatPrompt prompt_;
  SamplingParams sampling_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::shared_ptr<Running>> running_;
  std::deque<IterationRecord> records_;
  EngineStats stats_;
  RequestId next_ = 1;
  std::atomic<int> submitted_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace flightdeck::test
