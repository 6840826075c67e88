// The checkpoint an engine was made of: hashed while the build runs, looked at again when somebody asks.
#pragma once

#include <future>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/engine/engine_dir.h"

namespace flightdeck {

/// Hashes files on a thread of its own, beside the build. Destroying it stops the thread.
class SourceHasher {
 public:
  SourceHasher(const std::string& folder, const std::vector<std::string>& files);
  ~SourceHasher();
  SourceHasher(const SourceHasher&) = delete;
  SourceHasher& operator=(const SourceHasher&) = delete;
  /// Name → sha256; waits for the thread, at most until `stop`.
  Result<std::map<std::string, std::string>> finish(const std::stop_token& stop);

 private:
  std::stop_source stop_;
  std::future<Result<std::map<std::string, std::string>>> hashes_;
};

/// The source files that are no longer what the engine was built from ("stale"): changed or gone. Reads them whole.
Result<std::vector<std::string>> stale_sources(const EngineManifest& manifest);

}  // namespace flightdeck
