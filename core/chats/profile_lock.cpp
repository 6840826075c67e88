#include "core/chats/profile_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace flightdeck {

Result<ProfileLock> ProfileLock::take(const std::string& path) {
  const std::string lock_path = path + ".lock";
  ProfileLock lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (lock.fd_ < 0) {
    const ErrorKind kind = errno == ENOSPC || errno == EDQUOT ? ErrorKind::no_space : ErrorKind::io;
    return fail(kind, "{}: cannot be created: {}", lock_path, std::strerror(errno));
  }
  while (flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      return fail(ErrorKind::busy, "{}: another Flightdeck has these chats open: use its window or close it", path);
    return fail(ErrorKind::io, "{}: cannot be locked: {}", lock_path, std::strerror(errno));
  }
  return lock;
}

ProfileLock::~ProfileLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace flightdeck
