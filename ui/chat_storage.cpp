#include "ui/chat_storage.h"

#include "ui/format.h"

namespace flightdeck {

ChatStorage::ChatStorage(const Services& services) : services_(services), thread_([this] { run(); }) {}

void ChatStorage::post(Job job) {
  {
    std::lock_guard lock(mutex_);
    if (closing_) return;
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
}

void ChatStorage::run() {
  std::string warning;
  auto store = services_.open_chats(&warning);
  if (!store) open_error_ = store.error();
  QMetaObject::invokeMethod(
      this,
      [this, ok = store.has_value(), text = qs(store ? warning : store.error().message)] {
        if (ok)
          Q_EMIT opened(text);
        else
          Q_EMIT failed(text);
      },
      Qt::QueuedConnection);
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(store ? store->get() : nullptr);
    job = {};
    lock.lock();
  }
}

void ChatStorage::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace flightdeck
