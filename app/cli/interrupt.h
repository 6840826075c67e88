// Ctrl-C and SIGTERM as a stop token.
#pragma once

#include <memory>
#include <stop_token>

namespace flightdeck::cli {

/// While one of these lives, SIGINT and SIGTERM ask for a stop instead of ending the process; a second one before
/// rearm() ends it at once with 130. At most one at a time; main thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_->get_token(); }
  /// A new token, after the stop asked for has been dealt with.
  void rearm();

 private:
  struct Watcher;
  std::shared_ptr<std::stop_source> source_;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace flightdeck::cli
