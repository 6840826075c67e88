// Engines for tests: built into a temporary folder, driven by token ids, answers waited for without sleeping.
#pragma once

#include <QtTest>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>

#include "core/engine/builder.h"
#include "core/runtime/engine.h"

namespace flightdeck::test {

/// Builds `model_dir` into `output_dir` and opens it; aborts the test with the error's message.
inline std::shared_ptr<EngineDir> built(const BuildOptions& options) {
  const auto manifest = build_engine(options);
  if (!manifest) qFatal("build: %s", manifest.error().message.c_str());
  auto dir = EngineDir::open(options.output_dir);
  if (!dir) qFatal("open: %s", dir.error().message.c_str());
  return std::make_shared<EngineDir>(std::move(*dir));
}

/// What tests of whole models run on: FLIGHTDECK_TEST_DEVICE (tests/gpu/run.sh sets it to "cuda:0"), else the CPU.
inline std::string test_device() {
  const char* chosen = std::getenv("FLIGHTDECK_TEST_DEVICE");
  return chosen ? chosen : "cpu";
}

/// Starts an engine directory without a tokenizer: ids in, ids out.
inline std::unique_ptr<Inference> started(const std::shared_ptr<EngineDir>& dir,
                                          const EngineOptions& options = {.device = "cpu"}) {
  EngineSource source;
  source.plan = dir->plan();
  source.manifest = dir->manifest();
  source.name = "test";
  source.weight = [dir](const WeightSpec& spec, std::vector<std::byte>&) { return dir->weight(spec); };
  source.vector = [dir](const WeightSpec& spec) { return dir->vector(spec); };
  auto engine = start_engine(std::move(source), options);
  if (!engine) qFatal("start: %s", engine.error().message.c_str());
  return std::move(*engine);
}

/// Collects the answers of any number of requests.
class Collector {
 public:
  struct Answer {
    std::vector<int32_t> ids;
    std::string text;
    std::vector<float> logits;
    Completion completion;
    int completions = 0;
  };

  /// Submits and remembers; the index of its answer. stop_after > 0: the sink says "enough" at that many tokens.
  size_t submit(Inference& engine, Request request, int stop_after = 0) {
    std::unique_lock lock(mutex_);
    const size_t index = answers_.size();
    answers_.push_back(std::make_unique<Answer>());
    ++open_;
    lock.unlock();
    Answer* answer = answers_[index].get();
    RequestSink sink;
    sink.on_token = [=](const TokenEvent& event) {
      if (event.token >= 0) answer->ids.push_back(event.token);
      answer->text += event.text;
      return stop_after == 0 || event.generated_tokens < stop_after;
    };
    sink.on_logits = [=](const float* row, int vocab) {
      answer->logits.insert(answer->logits.end(), row, row + vocab);
    };
    sink.on_done = [=, this](const Completion& completion) {
      std::lock_guard guard(mutex_);
      answer->completion = completion;
      ++answer->completions;
      --open_;
      done_.notify_all();
    };
    auto id = engine.submit(std::move(request), std::move(sink));
    if (!id) qFatal("submit: %s", id.error().message.c_str());
    ids_.push_back(*id);
    return index;
  }

  void wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return open_ == 0; });
  }
  const Answer& operator[](size_t index) const { return *answers_[index]; }
  RequestId id(size_t index) const { return ids_[index]; }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<std::unique_ptr<Answer>> answers_;
  std::vector<RequestId> ids_;
  int open_ = 0;
};

}  // namespace flightdeck::test
