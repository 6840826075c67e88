// huggingface.co and its mirrors.
#pragma once

#include "core/hub/hub_client.h"

namespace flightdeck {

class HuggingFaceClient : public HubClient {
 public:
  HuggingFaceClient(HubOptions options, Url endpoint, std::optional<Credential> credential)
      : HubClient(std::move(options), std::move(endpoint), std::move(credential)) {}
  HubKind kind() const override { return HubKind::hugging_face; }
  Revision default_revision() const override;
  Result<SearchPage> search(const SearchQuery& query, std::stop_token stop) override;
  Result<HubModel> info(const RepoId& repo, const Revision& revision, std::stop_token stop) override;
  Result<RepoListing> list(const RepoId& repo, const Revision& revision, std::stop_token stop) override;
  Result<HttpRequest> file_request(const RepoListing& listing, const RemoteFile& file) override;
  Error explain(const HttpResponse& head, const std::string& body, const std::string& what) const override;

 private:
  Result<Json> ask_info(const RepoId& repo, const Revision& revision, std::stop_token stop) const;
};

/// One page of /api/models/…/tree/… .
Result<void> add_tree_page(RepoListing& listing, const Json& entries);

}  // namespace flightdeck
