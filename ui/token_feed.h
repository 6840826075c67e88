// The one place where tokens cross threads. Any thread pushes into the inbox; the GUI thread hears of it at most 30
// times a second, except for a stream's first token and its end, which it hears at once. At most one wake-up is queued
// at a time.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/request.h"

namespace flightdeck {

using StreamId = int64_t;

/// What happened to one stream since the last drain.
struct FeedUpdate {
  StreamId stream = 0;
  std::string text;
  int generated_tokens = -1;  // -1: no token came
  int prefill_done = -1, prefill_total = 0;
  std::optional<Completion> completion;
};

class TokenFeed : public QObject {
  Q_OBJECT
 public:
  /// Thread-safe; outlives the feed, so that a late callback of an engine is a no-op.
  class Inbox {
   public:
    void pushText(StreamId stream, std::string_view text, int generated_tokens);
    void pushPrefill(StreamId stream, int done, int total);
    void pushCompletion(StreamId stream, Completion completion);

   private:
    friend class TokenFeed;
    enum class Wake : uint8_t { idle, posted, timer };
    FeedUpdate& updateOf(StreamId stream);  // under mutex_
    void wake(bool urgent);                 // under mutex_
    std::mutex mutex_;
    TokenFeed* feed_ = nullptr;        // null once the feed is gone
    std::vector<FeedUpdate> updates_;  // in the order of each stream's first push
    std::vector<StreamId> started_;    // streams whose first token was announced
    Wake state_ = Wake::idle;
    bool urgent_ = false;
    int wake_ups_ = 0;
  };

  TokenFeed();
  ~TokenFeed() override;
  std::shared_ptr<Inbox> inbox() const { return inbox_; }
  int wakeUps() const;  // queued so far, for tests

 Q_SIGNALS:
  void updated(const flightdeck::FeedUpdate& update);

 private:
  void onWake();
  void drain(bool from_wake);
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  QTimer timer_;
  QElapsedTimer last_drain_;
};

}  // namespace flightdeck
