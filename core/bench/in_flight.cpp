#include "core/bench/in_flight.h"

#include <condition_variable>
#include <mutex>
#include <set>

namespace flightdeck {

struct InFlight::State {
  std::mutex mutex;
  std::condition_variable_any changed;
  size_t running = 0;       // guarded by mutex, like the rest
  std::set<RequestId> ids;  // maybe with ended ones whose end came before submit returned; cancel ignores those
  std::string failure;      // of the first request that failed
};

InFlight::InFlight(Inference& inference) : inference_(inference), state_(std::make_shared<State>()) {}

InFlight::~InFlight() {
  cancel_all();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->running == 0; });
}

void InFlight::cancel_all() {
  std::set<RequestId> ids;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->running) ids = state_->ids;
  }
  for (const RequestId id : ids) inference_.cancel(id);
}

Result<RequestId> InFlight::submit(Request request, RequestSink sink) {
  sink.on_done = [state = state_, done = std::move(sink.on_done)](const Completion& completion) {
    if (done) done(completion);
    const std::lock_guard lock(state->mutex);
    if (completion.reason == FinishReason::failed && state->failure.empty()) state->failure = completion.error;
    state->ids.erase(completion.id);
    --state->running;
    state->changed.notify_all();
  };
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  Result<RequestId> id = inference_.submit(std::move(request), std::move(sink));
  const std::lock_guard lock(state_->mutex);
  if (id)
    state_->ids.insert(*id);
  else
    --state_->running;
  return id;
}

size_t InFlight::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running;
}

Result<void> InFlight::wait_below(size_t limit, std::stop_token stop) {
  std::unique_lock lock(state_->mutex);
  const auto ready = [this, limit] { return state_->running < limit || !state_->failure.empty(); };
  if (!state_->changed.wait(lock, stop, ready)) {
    lock.unlock();
    cancel_all();
    lock.lock();
    state_->changed.wait(lock, [this] { return state_->running == 0; });
    return fail(ErrorKind::cancelled, "stopped");
  }
  if (!state_->failure.empty()) return fail(ErrorKind::io, "{}", state_->failure);
  return {};
}

}  // namespace flightdeck
