#include "ui/token_feed.h"

#include <QThread>
#include <algorithm>

namespace flightdeck {
namespace {
constexpr int kFrameMs = 33;  // 30 frames a second
}

FeedUpdate& TokenFeed::Inbox::updateOf(StreamId stream) {
  for (FeedUpdate& update : updates_)
    if (update.stream == stream) return update;
  updates_.push_back({});
  updates_.back().stream = stream;
  return updates_.back();
}

void TokenFeed::Inbox::wake(bool urgent) {
  urgent_ |= urgent;
  if (!feed_ || state_ == Wake::posted || (state_ == Wake::timer && !urgent)) return;
  state_ = Wake::posted;
  ++wake_ups_;
  QMetaObject::invokeMethod(feed_, &TokenFeed::onWake, Qt::QueuedConnection);
}

void TokenFeed::Inbox::pushText(StreamId stream, std::string_view text, int generated_tokens) {
  std::lock_guard lock(mutex_);
  const bool first = std::find(started_.begin(), started_.end(), stream) == started_.end();
  if (first) started_.push_back(stream);
  FeedUpdate& update = updateOf(stream);
  update.text += text;
  update.generated_tokens = generated_tokens;
  wake(first);
}

void TokenFeed::Inbox::pushPrefill(StreamId stream, int done, int total) {
  std::lock_guard lock(mutex_);
  FeedUpdate& update = updateOf(stream);
  update.prefill_done = done;
  update.prefill_total = total;
  wake(false);
}

void TokenFeed::Inbox::pushCompletion(StreamId stream, Completion completion) {
  std::lock_guard lock(mutex_);
  std::erase(started_, stream);
  updateOf(stream).completion = std::move(completion);
  wake(true);
}

TokenFeed::TokenFeed() {
  inbox_->feed_ = this;
  timer_.setSingleShot(true);
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, [this] { drain(false); });
}

TokenFeed::~TokenFeed() {
  std::lock_guard lock(inbox_->mutex_);
  inbox_->feed_ = nullptr;
}

int TokenFeed::wakeUps() const {
  std::lock_guard lock(inbox_->mutex_);
  return inbox_->wake_ups_;
}

void TokenFeed::onWake() {
  Q_ASSERT(QThread::currentThread() == thread());
  {
    std::lock_guard lock(inbox_->mutex_);
    const qint64 since = last_drain_.isValid() ? last_drain_.elapsed() : kFrameMs;
    if (!inbox_->urgent_ && since < kFrameMs) {
      inbox_->state_ = Inbox::Wake::timer;
      timer_.start(static_cast<int>(kFrameMs - since));
      return;
    }
  }
  drain(true);
}

void TokenFeed::drain(bool from_wake) {
  timer_.stop();
  std::vector<FeedUpdate> updates;
  {
    std::lock_guard lock(inbox_->mutex_);
    updates.swap(inbox_->updates_);
    inbox_->urgent_ = false;
    // A posted wake-up keeps its state until it runs (the timer may have been faster), so that no second one is queued.
    if (from_wake || inbox_->state_ == Inbox::Wake::timer) inbox_->state_ = Inbox::Wake::idle;
  }
  last_drain_.start();
  for (const FeedUpdate& update : updates) Q_EMIT updated(update);
}

}  // namespace flightdeck
