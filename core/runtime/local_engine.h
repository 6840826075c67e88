// The engine thread: takes commands, schedules, runs steps, samples, tells the sinks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/runtime/loaded_model.h"
#include "core/runtime/logit_edits.h"
#include "core/runtime/request_state.h"
#include "core/runtime/sampler.h"
#include "core/runtime/statistics.h"

namespace flightdeck {

/// Public methods: any thread. Everything below "engine thread" is touched by that thread alone.
class LocalEngine final : public Inference {
 public:
  explicit LocalEngine(std::unique_ptr<LoadedModel> model);
  /// Ends every request as cancelled, within one step.
  ~LocalEngine() override;

  const EngineInfo& info() const override { return model_->info; }
  const Tokenizer& tokenizer() const override { return *model_->tokenizer; }
  const ChatPrompt& chat_prompt() const override { return model_->chat_prompt; }
  const SamplingParams& default_sampling() const override { return model_->sampling; }
  Result<RequestId> submit(Request request, RequestSink sink) override;
  void cancel(RequestId id) override;
  EngineStats stats() const override;
  std::vector<IterationRecord> iterations_after(uint64_t iteration) const override {
    return statistics_.records_after(iteration);
  }

 private:
  struct Submit {
    std::unique_ptr<RequestState> state;
  };
  struct Cancel {
    RequestId id;
  };
  using Command = std::variant<Submit, Cancel>;

  void post(Command command);

  /// A part of a step that runs on the device. The sequence is there as long as the request is.
  struct PartUnderWay {
    RequestId id;
    ScheduledPart part;
  };
  struct StepUnderWay {
    std::vector<PartUnderWay> parts;
    Clock::time_point start;
  };

  // Engine thread (local_engine.cpp):
  void run();
  bool take_commands();
  void start(std::unique_ptr<RequestState> state);
  void finish(RequestId id, FinishReason reason, const std::string& error = {});
  void finish_all(FinishReason reason, const std::string& error);
  void publish();

  // Engine thread (engine_steps.cpp):
  void step();
  void step_on_host();
  bool start_step();
  void finish_step();
  void finish_steps();
  void fill_input(const std::vector<ScheduledPart>& parts);
  void fill_samples(const std::vector<ScheduledPart>& parts);
  void note_scheduled(const std::vector<ScheduledPart>& parts, Clock::time_point start);
  void deliver(const ScheduledPart& part, float* logits);
  void take_token(const ScheduledPart& part, int32_t token);
  void record(const StepUnderWay& step, double device_ms);
  void note_times(const StepUnderWay& step, double device_ms);

  const std::unique_ptr<LoadedModel> model_;
  const Clock::time_point loaded_ = Clock::now();
  std::atomic<RequestId> next_id_{1};
  std::atomic<int> unscheduled_{0};  // submitted and never scheduled so far: the queue's length
  std::atomic<bool> failed_{false};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> inbox_;  // guarded by mutex_
  bool quitting_ = false;       // guarded by mutex_
  Statistics statistics_;

  // Engine thread:
  BlockPool pool_;
  Scheduler scheduler_;
  Sampler sampler_;
  StepInput input_;
  std::vector<float> logits_;
  std::unordered_map<RequestId, std::unique_ptr<RequestState>> requests_;
  std::unordered_map<RequestId, LogitEdits> edits_;  // where the device samples
  std::deque<StepUnderWay> under_way_;               // at most two
  int need_known_tokens_ = 0;  // requests whose steps cannot begin before the last one's ids are known
  Clock::time_point last_step_end_;
  double host_work_ms_ = 0;  // since the last step's end
  EngineStats totals_;       // the counters of the snapshot

  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace flightdeck
