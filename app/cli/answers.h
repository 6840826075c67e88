// The answers of several requests in flight, collected on the engine thread and handed to the main thread as they come.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "core/runtime/inference.h"

namespace flightdeck::cli {

struct Answer {
  std::string text;
  std::vector<int32_t> ids;   // generated; an end token is not among them
  std::vector<float> logits;  // [positions, vocab] when the request wanted them
  bool done = false;
  Completion completion;
};

/// sink() is called and its callbacks may run before follow() is; the object outlives the requests (InFlight sees to
/// it).
class Answers {
 public:
  explicit Answers(size_t count) : answers_(count) {}
  RequestSink sink(size_t index);
  /// Main thread: waits for new text of answer `index` after its first `shown` bytes. Sets `done` with the last text.
  /// Returns early, with nothing new, when a stop is requested.
  std::string newText(size_t index, size_t shown, bool& done, std::stop_token stop);
  /// Main thread, once everything has ended.
  const std::vector<Answer>& all() const { return answers_; }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Answer> answers_;  // guarded by mutex_
};

}  // namespace flightdeck::cli
