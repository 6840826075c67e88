#include "tests/ui/paced_engine.h"

namespace flightdeck::test {

void Pace::allow(int tokens) {
  {
    std::lock_guard lock(mutex_);
    left_ += tokens;
  }
  changed_.notify_all();
}

void Pace::allowAll() {
  {
    std::lock_guard lock(mutex_);
    all_ = true;
  }
  changed_.notify_all();
}

void Pace::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return all_ || left_ > 0; });
  if (!all_) --left_;
}

Result<RequestId> PacedEngine::submit(Request request, RequestSink sink) {
  sink.on_token = [pace = pace_, next = std::move(sink.on_token)](const TokenEvent& event) {
    pace->take();
    return next(event);
  };
  return engine_->submit(std::move(request), std::move(sink));
}

}  // namespace flightdeck::test
