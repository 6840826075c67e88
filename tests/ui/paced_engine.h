// A real engine that goes no further than the test lets it: so a test sees an answer in its middle without racing it.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "core/runtime/inference.h"

namespace flightdeck::test {

/// How many tokens the engine may still hand out. Thread-safe.
class Pace {
 public:
  void allow(int tokens);
  void allowAll();
  /// Called for every token on the engine thread: waits until one is allowed.
  void take();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int left_ = 0;
  bool all_ = false;
};

class PacedEngine : public Inference {
 public:
  PacedEngine(std::unique_ptr<Inference> engine, std::shared_ptr<Pace> pace)
      : pace_(std::move(pace)), engine_(std::move(engine)) {}
  ~PacedEngine() override { pace_->allowAll(); }

  const EngineInfo& info() const override { return engine_->info(); }
  const Tokenizer& tokenizer() const override { return engine_->tokenizer(); }
  const ChatPrompt& chat_prompt() const override { return engine_->chat_prompt(); }
  const SamplingParams& default_sampling() const override { return engine_->default_sampling(); }
  Result<RequestId> submit(Request request, RequestSink sink) override;
  void cancel(RequestId id) override { engine_->cancel(id); }
  EngineStats stats() const override { return engine_->stats(); }
  std::vector<IterationRecord> iterations_after(uint64_t iteration) const override {
    return engine_->iterations_after(iteration);
  }

 private:
  std::shared_ptr<Pace> pace_;
  std::unique_ptr<Inference> engine_;  // goes first: its thread uses the pace
};

}  // namespace flightdeck::test
