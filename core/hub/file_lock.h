// One writer a file across processes, with the lock that huggingface_hub takes too.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/hub/folder.h"

namespace flightdeck {

/// Released when it is destroyed or its process ends, however that happens.
class FileLock {
 public:
  /// Waits for another holder; `waiting` is called once when there is one. Where the file system has no locks,
  /// the result is a lock that is not held().
  static Result<FileLock> take(const Folder& folder, const std::string& name, std::stop_token stop,
                               const std::function<void()>& waiting = {});
  bool held() const { return held_; }

 private:
  FileHandle file_;
  bool held_ = false;
};

}  // namespace flightdeck
