// Hashes a file behind its download, on a thread of its own, from the page cache.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/hub/content_hash.h"
#include "core/hub/part_file.h"

namespace flightdeck {

class HashFollower {
 public:
  /// `sync_bytes`: so often what was hashed is made durable, with a mark in the journal.
  HashFollower(PartFile& file, ContentHash::Kind kind, uint64_t sync_bytes);
  ~HashFollower();
  /// The digest once the file is complete; blocks. `cancelled` after `stop`.
  Result<std::string> finish(std::stop_token stop);

 private:
  void follow(std::stop_token stop);
  Result<void> hash_until(uint64_t end, std::stop_token stop);

  PartFile& file_;
  ContentHasher hasher_;
  const uint64_t sync_bytes_;
  uint64_t hashed_ = 0, synced_ = 0;
  std::vector<std::byte> buffer_;
  Result<void> outcome_;  // read after the join
  std::jthread thread_;
};

}  // namespace flightdeck
