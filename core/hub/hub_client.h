// What both hubs can do, behind one interface. Thread-safe: every call makes its own connection.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json_fwd.h"
#include "core/hub/http.h"
#include "core/hub/names.h"
#include "core/hub/retry.h"

namespace flightdeck {

struct RemoteFile {
  RepoPath path;
  uint64_t size = 0;
  ContentHash hash;
};

/// The files of a repository at one commit: whatever is pushed later, this is what gets downloaded.
struct RepoListing {
  RepoId repo;        // the name the hub uses now, where the repository was renamed
  Revision revision;  // as asked for
  Revision commit;    // Hugging Face: the commit's 40 digits. ModelScope: the revision again; hashes pin the files
  std::vector<RemoteFile> files;
};

/// A row of a search, and what is known without the files.
struct HubModel {
  RepoId repo;
  std::string licence;  // empty: not said
  bool is_gated = false;
  bool is_private = false;
  uint64_t downloads = 0;
  uint64_t likes = 0;
  uint64_t parameters = 0;  // 0: not said
  std::string last_modified;
};

enum class SearchOrder { relevance, downloads, likes, last_modified };

struct SearchQuery {
  std::string text;
  SearchOrder order = SearchOrder::downloads;
  int limit = 30;    // of a page
  std::string page;  // empty: the first; else SearchPage::next
};

struct SearchPage {
  std::vector<HubModel> models;
  std::string next;  // empty: this was the last
};

struct HubOptions {
  std::string endpoint;        // empty: HF_ENDPOINT or MODELSCOPE_ENDPOINT, else the hub's own
  std::optional<Token> token;  // empty: find_token()
  HttpOptions http;
  RetryOptions retry;
};

class HubClient {
 public:
  virtual ~HubClient() = default;
  virtual HubKind kind() const = 0;
  virtual Revision default_revision() const = 0;
  virtual Result<SearchPage> search(const SearchQuery& query, std::stop_token stop = {}) = 0;
  virtual Result<HubModel> info(const RepoId& repo, const Revision& revision, std::stop_token stop = {}) = 0;
  /// All files at the commit that `revision` names now. A listing with one hostile name is refused as a whole.
  virtual Result<RepoListing> list(const RepoId& repo, const Revision& revision, std::stop_token stop = {}) = 0;
  /// A request for the bytes of a file; the caller adds a range.
  virtual Result<HttpRequest> file_request(const RepoListing& listing, const RemoteFile& file) = 0;
  /// Where a person reads about it in a browser; a gated model's licence is accepted there.
  std::string page_of(std::string_view repo) const;
  /// The error behind an answer that is not 2xx, for the person at the screen.
  virtual Error explain(const HttpResponse& head, const std::string& body, const std::string& what) const = 0;

  const HubOptions& options() const { return options_; }

 protected:
  HubClient(HubOptions options, Url endpoint, std::optional<Credential> credential)
      : options_(std::move(options)), endpoint_(std::move(endpoint)), credential_(std::move(credential)) {}

  /// An answer of 2xx, repeated with waits where that may help; `what` is the thing asked for, for messages.
  Result<HttpClient::Answer> ask(const Url& url, const std::string& what, std::stop_token stop) const;
  const Credential* credential() const { return credential_ ? &*credential_ : nullptr; }
  Result<Url> address(const std::string& path) const;  // below the endpoint

  HubOptions options_;
  Url endpoint_;
  std::optional<Credential> credential_;
};

/// `unreachable` when HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set.
Result<std::unique_ptr<HubClient>> make_hub_client(HubKind kind, HubOptions options = {});

/// `text` as a JSON tree; a web page instead of JSON (a network that wants a login) is said to be one.
Result<Json> parse_answer(const HttpClient::Answer& answer);

/// The licence page's address, and how to give a token: what a refused reader needs next.
std::string token_hint(HubKind kind);

/// Takes the files of one page into `listing`; refuses hostile names, wrong hashes and more than 10,000 files.
Result<void> add_file(RepoListing& listing, const std::string& path, uint64_t size, ContentHash hash);
/// After the last page: no two names that are one on some system.
Result<void> check_listing(const RepoListing& listing);

}  // namespace flightdeck
