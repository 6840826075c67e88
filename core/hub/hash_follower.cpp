#include "core/hub/hash_follower.h"

#include "core/hub/http.h"

namespace flightdeck {
namespace {

constexpr size_t kPieceBytes = 256u << 10;  // stays in the cache between the read and the hash
constexpr uint64_t kWriteBackBytes = 32u << 20;
constexpr std::chrono::milliseconds kLookAgain{5};

}  // namespace

HashFollower::HashFollower(PartFile& file, ContentHash::Kind kind, uint64_t sync_bytes)
    : file_(file),
      hasher_(kind, file.size()),
      sync_bytes_(sync_bytes),
      buffer_(std::min<uint64_t>(kPieceBytes, file.size())),
      thread_([this](std::stop_token stop) { follow(stop); }) {}

HashFollower::~HashFollower() = default;  // the thread is asked to stop and joined

void HashFollower::follow(std::stop_token stop) {
  while (outcome_ && hashed_ < file_.size() && !stop.stop_requested()) {
    const uint64_t front = file_.front();
    if (front == hashed_) {
      wait_for(kLookAgain, stop);
      continue;
    }
    outcome_ = hash_until(std::min(front, hashed_ + kWriteBackBytes), stop);
    if (outcome_ && hashed_ - synced_ >= sync_bytes_ && hashed_ < file_.size()) {
      outcome_ = file_.sync_front(hashed_);
      synced_ = hashed_;
    }
  }
}

Result<void> HashFollower::hash_until(uint64_t end, std::stop_token stop) {
  const uint64_t begin = hashed_;
  while (hashed_ < end && !stop.stop_requested()) {
    const std::span<std::byte> room(buffer_.data(), std::min<uint64_t>(buffer_.size(), end - hashed_));
    TRY(const size_t got, file_.read(hashed_, room));
    hasher_.update(room.first(got));
    hashed_ += got;
  }
  file_.start_writing_back(begin, hashed_ - begin);
  return {};
}

Result<std::string> HashFollower::finish(std::stop_token stop) {
  const std::stop_callback forward(stop, [this] { thread_.request_stop(); });
  if (thread_.joinable()) thread_.join();
  if (!outcome_) return tl::unexpected(outcome_.error());
  if (hashed_ < file_.size()) return fail(ErrorKind::cancelled, "{}: hashing was cancelled", file_.name());
  return hasher_.finish();
}

}  // namespace flightdeck
