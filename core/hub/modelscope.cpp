#include "core/hub/modelscope.h"

#include <algorithm>
#include <charconv>

#include "core/base/json.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr int kMostRows = 3000;  // page_number × page_size, the hub's own limit

/// The first of `keys` that the object has, or null: the two APIs spell them differently.
const Json& field(const Json& object, std::initializer_list<const char*> keys) {
  static const Json none;
  for (const char* key : keys)
    if (object.is_object() && object.contains(key)) return object[key];
  return none;
}

uint64_t count_of(const Json& value) { return value.is_number_unsigned() ? value.get<uint64_t>() : 0; }
std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

Result<HubModel> model_of(const Json& model) {
  HubModel info;
  std::string id = text_of(field(model, {"id", "model_id", "ModelId"}));
  if (id.find('/') == id.npos)
    id = text_of(field(model, {"owner", "path", "Path"})) + "/" + text_of(field(model, {"name", "Name"}));
  TRY(info.repo, RepoId::parse(id));
  info.licence = text_of(field(model, {"license", "License"}));
  info.downloads = count_of(field(model, {"downloads", "Downloads"}));
  info.likes = count_of(field(model, {"likes", "stars", "Stars"}));
  info.parameters = count_of(field(model, {"params", "parameters"}));
  info.last_modified = text_of(field(model, {"last_modified", "LastUpdatedTime"}));
  info.is_private = field(model, {"private", "Private"}) == true;
  info.is_gated = field(model, {"gated", "ApprovalMode"}) == true;
  return info;
}

Result<void> add_entry(RepoListing& listing, const Json& entry) {
  if (!entry.is_object())
    return fail(ErrorKind::corrupt, "{}: the listing has an entry that is not an object", listing.repo.text());
  const JsonReader reader(entry, listing.repo.text() + ": an entry of the listing");
  TRY(const std::string type, reader.text("Type", std::string("blob")));
  if (type == "tree") return {};
  TRY(const std::string path, reader.text("Path"));
  TRY(const int64_t size, reader.integer("Size", 0, int64_t{1} << 50));
  TRY(const std::string digest, reader.text("Sha256", std::string()));
  ContentHash hash;
  if (!digest.empty()) {
    TRY(hash, ContentHash::sha256(digest));
  }
  return add_file(listing, path, static_cast<uint64_t>(size), std::move(hash));
}

const char* name_of(SearchOrder order) {
  switch (order) {
    case SearchOrder::relevance:
      return "default";
    case SearchOrder::downloads:
      return "downloads";
    case SearchOrder::likes:
      return "likes";
    case SearchOrder::last_modified:
      return "last_modified";
  }
  return "default";
}

/// Errors of the older API come with HTTP 200 and a Code inside.
Result<void> check_code(const Json& answer, const std::string& what) {
  const Json& code = field(answer, {"Code"});
  if (!code.is_number_integer() || code == 200 || code == 0) return {};
  const std::string said = text_of(field(answer, {"Message"}));
  return fail(ErrorKind::not_found, "{}: ModelScope answers {} ({})", what, code.get<int64_t>(), quote(said, 200));
}

}  // namespace

Result<void> add_scope_files(RepoListing& listing, const Json& answer) {
  TRY_VOID(check_code(answer, listing.repo.text()));
  const Json& data = field(answer, {"Data"});
  const Json& files = data.is_array() ? data : field(data, {"Files"});
  if (!files.is_array()) return fail(ErrorKind::corrupt, "{}: its listing is not a list", listing.repo.text());
  for (const Json& entry : files) TRY_VOID(add_entry(listing, entry));
  return check_listing(listing);
}

Revision ModelScopeClient::default_revision() const { return *Revision::parse("master"); }

Result<SearchPage> ModelScopeClient::search(const SearchQuery& query, std::stop_token stop) {
  const int size = std::clamp(query.limit, 1, 100);
  int number = 1;
  std::from_chars(query.page.data(), query.page.data() + query.page.size(), number);
  TRY(const Url url, address(fmt::format("/openapi/v1/models?search={}&sort={}&page_number={}&page_size={}",
                                         encode_query(query.text), name_of(query.order), number, size)));
  TRY(const auto answer, ask(url, "the search", stop));
  TRY(const Json json, parse_answer(answer));
  const Json& data = field(json, {"data", "Data"});
  const Json& models = data.is_array() ? data : field(data, {"models", "Models", "items"});
  if (!models.is_array()) return fail(ErrorKind::corrupt, "{}: the search is not a list", url.shown());
  SearchPage page;
  for (const Json& model : models)
    if (auto info = model_of(model)) page.models.push_back(std::move(*info));
  const bool is_full = models.size() >= static_cast<size_t>(size) && (number + 1) * size <= kMostRows;
  if (is_full) page.next = std::to_string(number + 1);
  return page;
}

Result<HubModel> ModelScopeClient::info(const RepoId& repo, const Revision&, std::stop_token stop) {
  TRY(const Url url, address("/openapi/v1/models/" + repo.text()));
  TRY(const auto answer, ask(url, repo.text(), stop));
  TRY(const Json json, parse_answer(answer));
  TRY_VOID(check_code(json, repo.text()));
  Json model = field(json, {"data", "Data"});
  if (!model.is_object()) return fail(ErrorKind::corrupt, "{}: the answer has no data", url.shown());
  auto info = model_of(model);
  if (!info) return fail(ErrorKind::corrupt, "{}: {}", url.shown(), info.error().message);
  return info;
}

Result<RepoListing> ModelScopeClient::list(const RepoId& repo, const Revision& revision, std::stop_token stop) {
  TRY(const Url url, address("/api/v1/models/" + repo.text() + "/repo/files?Revision=" + encode_query(revision.text()) +
                             "&Recursive=True"));
  TRY(const auto answer, ask(url, repo.text(), stop));
  TRY(const Json json, parse_answer(answer));
  RepoListing listing{repo, revision, revision, {}};
  TRY_VOID(add_scope_files(listing, json));
  return listing;
}

Result<HttpRequest> ModelScopeClient::file_request(const RepoListing& listing, const RemoteFile& file) {
  HttpRequest request;
  TRY(request.url, address("/api/v1/models/" + listing.repo.text() + "/repo?Revision=" +
                           encode_query(listing.commit.text()) + "&FilePath=" + encode_query(file.path.text())));
  request.credential = credential();
  return request;
}

Error ModelScopeClient::explain(const HttpResponse& head, const std::string& body, const std::string& what) const {
  std::string said;
  if (const auto json = parse_json(body, "answer", {1 << 16, 16})) said = text_of(field(*json, {"Message", "message"}));
  const std::string tail = said.empty() ? std::string() : fmt::format(" (the hub says {})", quote(said, 200));
  const std::string page = page_of(what.substr(0, what.find(' ')));
  switch (head.status) {
    case 401:
      return {ErrorKind::not_allowed,
              fmt::format("{} is private, or the token is not valid{}: {}", what, tail, token_hint(kind()))};
    case 403:
      return {ErrorKind::not_allowed,
              fmt::format("{} is gated or private{}: ask for access at {}{}", what, tail, page,
                          credential() ? " with the account of your token" : ", then " + token_hint(kind()))};
    case 404:
      return {ErrorKind::not_found,
              fmt::format("{} is not on {}{}: check name and revision; a private one needs a token", what,
                          endpoint_.text(), tail)};
    case 429:
      return {ErrorKind::rate_limited,
              fmt::format("{}: too many requests, and waiting did not help: try later", endpoint_.text())};
    default:
      return {head.status >= 500 ? ErrorKind::unreachable : ErrorKind::io,
              fmt::format("{}: {} answers with HTTP {}{}", what, head.url.origin(), head.status, tail)};
  }
}

}  // namespace flightdeck
