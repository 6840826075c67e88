// huggingface_hub's cache: blobs by hash, snapshots of links.
#pragma once

#include "core/hub/model_store.h"

namespace flightdeck {

class HfStore : public ModelStore {
 public:
  static Result<std::unique_ptr<ModelStore>> open(const std::string& cache, const RepoListing& listing);
  std::string folder() const override { return snapshot_.path(); }
  Result<Place> place(const RemoteFile& file) override;
  Result<bool> has(const RemoteFile& file, std::stop_token stop) override;
  Result<void> install(const RemoteFile& file, const Place& place, const std::string& digest) override;
  void discard(const RemoteFile& file) override;
  Result<void> finish() override;

 private:
  Result<void> link(const RemoteFile& file, const std::string& blob);
  RepoListing listing_;
  Folder repo_, blobs_, snapshot_, locks_;
};

}  // namespace flightdeck
