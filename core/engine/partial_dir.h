// The directory an engine is built in: `<output>.partial`, locked while somebody builds there, renamed when it is
// whole.
#pragma once

#include <string>

#include "core/base/result.h"

namespace flightdeck {

/// Holds the lock; without install() the directory and all it holds are removed at the end. One thread at a time.
class PartialDir {
 public:
  /// Makes `<output>.partial`, empty. Busy when another build holds it.
  static Result<PartialDir> create(const std::string& output);
  PartialDir(PartialDir&& other) noexcept;
  PartialDir& operator=(PartialDir&& other) noexcept;
  ~PartialDir();

  const std::string& path() const { return path_; }
  /// The directory becomes `output`, in one step also where an older one is replaced.
  Result<void> install(bool overwrite);

 private:
  friend bool remove_partial(const std::string&);
  PartialDir() = default;
  bool exchange();

  std::string output_, path_;
  int lock_ = -1;
};

/// Removes a `*.partial` left by a killed build; false when a process holds it or it is not one of ours.
bool remove_partial(const std::string& path);

}  // namespace flightdeck
