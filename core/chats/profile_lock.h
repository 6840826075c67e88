// One process per chat database. The kernel releases the lock with the process, however that ends.
#pragma once

#include <string>
#include <utility>

#include "core/base/result.h"

namespace flightdeck {

class ProfileLock {
 public:
  /// Locks <path>.lock; ErrorKind::busy when another process (or this one) has it.
  static Result<ProfileLock> take(const std::string& path);
  ProfileLock(ProfileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ProfileLock& operator=(ProfileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~ProfileLock();

 private:
  explicit ProfileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace flightdeck
