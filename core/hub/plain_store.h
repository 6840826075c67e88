// Plain files in one folder: ModelScope's cache and --local_dir.
#pragma once

#include "core/hub/model_store.h"

namespace flightdeck {

class PlainStore : public ModelStore {
 public:
  /// `elsewhere`: folders in which other programs may have put the same files. `with_metadata`: also what
  /// huggingface_hub notes beside a local_dir, so that it does not download again.
  static Result<std::unique_ptr<ModelStore>> open(const std::string& folder, const RepoListing& listing,
                                                  std::vector<std::string> elsewhere, HubKind hub, bool with_metadata);
  std::string folder() const override { return root_.path(); }
  Result<Place> place(const RemoteFile& file) override;
  Result<bool> has(const RemoteFile& file, std::stop_token stop) override;
  Result<void> install(const RemoteFile& file, const Place& place, const std::string& digest) override;
  void discard(const RemoteFile& file) override;
  Result<void> finish() override;

 private:
  Result<bool> is_file_good(const std::string& path, const RemoteFile& file, std::stop_token stop) const;
  Result<void> note(const RemoteFile& file, const std::string& digest) const;

  RepoListing listing_;
  Folder root_, own_;
  std::vector<std::string> elsewhere_;
  HubKind hub_ = HubKind::model_scope;
  bool with_metadata_ = false;
};

/// The digest of kind `kind` of a regular file; cancelled by `stop`. `progress` gets the bytes read so far.
Result<std::string> digest_of_file(const std::string& path, ContentHash::Kind kind, std::stop_token stop,
                                   const std::function<void(uint64_t)>& progress = {});

}  // namespace flightdeck
