#include "core/engine/source_files.h"

#include <chrono>

#include "core/base/sha256.h"

namespace flightdeck {
namespace {

using Hashes = std::map<std::string, std::string>;

Result<Hashes> hash_all(const std::string& folder, const std::vector<std::string>& files, const std::stop_token& stop) {
  Hashes hashes;
  for (const std::string& file : files) {
    TRY(hashes[file], sha256_of_file(folder + "/" + file, [&](uint64_t) { return !stop.stop_requested(); }));
  }
  return hashes;
}

}  // namespace

SourceHasher::SourceHasher(const std::string& folder, const std::vector<std::string>& files)
    : hashes_(std::async(std::launch::async, hash_all, folder, files, stop_.get_token())) {}

SourceHasher::~SourceHasher() { stop_.request_stop(); }  // the future waits for its thread

Result<Hashes> SourceHasher::finish(const std::stop_token& stop) {
  const std::stop_callback forward(stop, [this] { stop_.request_stop(); });
  return hashes_.get();
}

Result<std::vector<std::string>> stale_sources(const EngineManifest& manifest) {
  std::vector<std::string> stale;
  for (const auto& [file, hash] : manifest.source_files) {
    const auto now = sha256_of_file(manifest.source + "/" + file);
    if (!now && now.error().kind != ErrorKind::not_found) return tl::unexpected(now.error());
    if (!now || *now != hash) stale.push_back(file);
  }
  return stale;
}

}  // namespace flightdeck
