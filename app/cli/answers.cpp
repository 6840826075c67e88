#include "app/cli/answers.h"

namespace flightdeck::cli {

RequestSink Answers::sink(size_t index) {
  RequestSink sink;
  Answer& answer = answers_[index];
  sink.on_token = [this, &answer](const TokenEvent& event) {
    const std::lock_guard lock(mutex_);
    answer.text += event.text;
    if (event.token >= 0) answer.ids.push_back(event.token);
    if (!event.text.empty()) changed_.notify_all();
    return true;
  };
  sink.on_done = [this, &answer](const Completion& completion) {
    const std::lock_guard lock(mutex_);
    answer.completion = completion;
    answer.done = true;
    changed_.notify_all();
  };
  sink.on_logits = [&answer](const float* logits, int vocab) {
    answer.logits.insert(answer.logits.end(), logits, logits + vocab);
  };
  return sink;
}

std::string Answers::newText(size_t index, size_t shown, bool& done, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const Answer& answer = answers_[index];
  changed_.wait(lock, stop, [&] { return answer.done || answer.text.size() > shown; });
  done = answer.done;
  return answer.text.substr(shown);
}

}  // namespace flightdeck::cli
