// A second look at files that are stored already: are they still what was downloaded?
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/hub/model_store.h"

namespace flightdeck {

struct VerifyReport {
  size_t files = 0;
  uint64_t bytes = 0;
  std::vector<std::string> damaged;     // no longer what was downloaded, or unreadable
  std::vector<std::string> missing;     // an engine needs them and they are not there; only with a listing
  std::vector<std::string> unverified;  // nobody ever said what they must hash to
  bool is_whole() const { return damaged.empty() && missing.empty(); }
};

/// Bytes read so far, and all there are to read.
using VerifyProgress = std::function<void(uint64_t done, uint64_t total)>;

/// Hashes every file of a model again; asks no network. `listing`: the hub's, where it could be had, for what was never
/// noted here. Error only when stopped, or when the folder is not there.
Result<VerifyReport> verify(const CachedModel& model, const RepoListing* listing, const VerifyProgress& progress,
                            std::stop_token stop);

/// One file of a folder of a store against its listed hash, else the noted one; true where neither is known.
Result<bool> is_intact(const std::string& folder, const RemoteFile& file, std::stop_token stop);

}  // namespace flightdeck
