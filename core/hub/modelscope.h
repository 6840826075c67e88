// modelscope.cn and its international site.
#pragma once

#include "core/hub/hub_client.h"

namespace flightdeck {

class ModelScopeClient : public HubClient {
 public:
  ModelScopeClient(HubOptions options, Url endpoint, std::optional<Credential> credential)
      : HubClient(std::move(options), std::move(endpoint), std::move(credential)) {}
  HubKind kind() const override { return HubKind::model_scope; }
  Revision default_revision() const override;
  Result<SearchPage> search(const SearchQuery& query, std::stop_token stop) override;
  Result<HubModel> info(const RepoId& repo, const Revision& revision, std::stop_token stop) override;
  Result<RepoListing> list(const RepoId& repo, const Revision& revision, std::stop_token stop) override;
  Result<HttpRequest> file_request(const RepoListing& listing, const RemoteFile& file) override;
  Error explain(const HttpResponse& head, const std::string& body, const std::string& what) const override;
};

/// The answer of /api/v1/models/…/repo/files.
Result<void> add_scope_files(RepoListing& listing, const Json& answer);

}  // namespace flightdeck
