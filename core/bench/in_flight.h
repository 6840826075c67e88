// Several requests of one caller in flight at once: submit, then wait for all of them.
#pragma once

#include <memory>
#include <stop_token>

#include "core/runtime/inference.h"

namespace flightdeck {

/// Used from one thread, which is not the engine's; the sinks run on the engine thread. What is still running when this
/// is destroyed is cancelled and waited for, so that sinks may refer to the caller's variables.
class InFlight {
 public:
  explicit InFlight(Inference& inference);
  ~InFlight();
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  Result<RequestId> submit(Request request, RequestSink sink);
  size_t running() const;
  /// Waits until fewer than `limit` requests run. A stop cancels all, waits for their end and is ErrorKind::cancelled;
  /// the first request that failed is an error too.
  Result<void> wait_below(size_t limit, std::stop_token stop = {});
  Result<void> wait_all(std::stop_token stop = {}) { return wait_below(1, std::move(stop)); }

 private:
  struct State;
  void cancel_all();
  Inference& inference_;
  std::shared_ptr<State> state_;
};

}  // namespace flightdeck
