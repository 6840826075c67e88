#include "core/hub/huggingface.h"

#include <algorithm>

#include "core/base/json.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

constexpr int kMostPages = 100;

/// The address behind rel="next" of a Link header; empty at the last page.
std::string next_link(const std::string& header) {
  for (size_t begin = header.find('<'); begin != header.npos; begin = header.find('<', begin + 1)) {
    const size_t end = header.find('>', begin);
    if (end == header.npos) return "";
    const std::string tail = header.substr(end, header.find('<', end) - end);
    if (tail.find("rel=\"next\"") != tail.npos) return header.substr(begin + 1, end - begin - 1);
  }
  return "";
}

uint64_t count_of(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_number_unsigned() ? object[key].get<uint64_t>() : 0;
}

std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

std::string licence_of(const Json& model) {
  if (model.contains("cardData") && model["cardData"].is_object())
    if (std::string licence = text_of(model["cardData"], "license"); !licence.empty()) return licence;
  if (model.contains("tags") && model["tags"].is_array())
    for (const Json& tag : model["tags"])
      if (tag.is_string() && tag.get<std::string>().starts_with("license:")) return tag.get<std::string>().substr(8);
  return "";
}

Result<HubModel> model_of(const Json& model) {
  if (!model.is_object()) return fail(ErrorKind::corrupt, "Hugging Face lists a model that is not an object");
  HubModel info;
  const std::string id = text_of(model, "id");
  TRY(info.repo, RepoId::parse(id.empty() ? text_of(model, "modelId") : id));
  info.licence = licence_of(model);
  // false, or "auto" and "manual": who decides about a request
  info.is_gated = model.contains("gated") && (model["gated"].is_string() || model["gated"] == true);
  info.is_private = model.contains("private") && model["private"] == true;
  info.downloads = count_of(model, "downloads");
  info.likes = count_of(model, "likes");
  info.last_modified = text_of(model, "lastModified");
  if (model.contains("safetensors") && model["safetensors"].is_object())
    info.parameters = count_of(model["safetensors"], "total");
  return info;
}

Result<void> add_entry(RepoListing& listing, const Json& entry) {
  if (!entry.is_object())
    return fail(ErrorKind::corrupt, "{}: the listing has an entry that is not an object", listing.repo.text());
  const JsonReader reader(entry, listing.repo.text() + ": an entry of the listing");
  TRY(const std::string type, reader.text("type"));
  if (type == "directory") return {};
  TRY(const std::string path, reader.text("path"));
  TRY(const int64_t size, reader.integer("size", 0, int64_t{1} << 50));
  if (reader.has("lfs")) {
    const JsonReader lfs(entry["lfs"], listing.repo.text() + ": " + quote(path));
    TRY(const std::string oid, lfs.text("oid"));
    TRY(ContentHash hash, ContentHash::sha256(oid));
    return add_file(listing, path, static_cast<uint64_t>(size), std::move(hash));
  }
  TRY(const std::string oid, reader.text("oid", std::string()));
  ContentHash hash;
  if (!oid.empty()) {
    TRY(hash, ContentHash::git_blob(oid));
  }
  return add_file(listing, path, static_cast<uint64_t>(size), std::move(hash));
}

const char* name_of(SearchOrder order) {
  switch (order) {
    case SearchOrder::relevance:
      return "trendingScore";
    case SearchOrder::downloads:
      return "downloads";
    case SearchOrder::likes:
      return "likes";
    case SearchOrder::last_modified:
      return "lastModified";
  }
  return "downloads";
}

}  // namespace

Result<void> add_tree_page(RepoListing& listing, const Json& entries) {
  if (!entries.is_array()) return fail(ErrorKind::corrupt, "{}: its listing is not a list", listing.repo.text());
  for (const Json& entry : entries) TRY_VOID(add_entry(listing, entry));
  return {};
}

Revision HuggingFaceClient::default_revision() const { return *Revision::parse("main"); }

Result<SearchPage> HuggingFaceClient::search(const SearchQuery& query, std::stop_token stop) {
  TRY(Url url, address(fmt::format("/api/models?search={}&sort={}&limit={}&pipeline_tag=text-generation"
                                   "&expand[]=safetensors&expand[]=gated&expand[]=private&expand[]=downloads"
                                   "&expand[]=likes&expand[]=lastModified&expand[]=cardData",
                                   encode_query(query.text), name_of(query.order), std::clamp(query.limit, 1, 100))));
  if (!query.page.empty()) {
    TRY(url, url.redirected(query.page));
  }
  TRY(const auto answer, ask(url, "the search", stop));
  TRY(const Json models, parse_answer(answer));
  if (!models.is_array()) return fail(ErrorKind::corrupt, "{}: the search is not a list", url.shown());
  SearchPage page;
  for (const Json& model : models)
    if (auto info = model_of(model))
      page.models.push_back(std::move(*info));  // models without an owner: too old for us
  page.next = next_link(answer.head.header("link"));
  return page;
}

Result<Json> HuggingFaceClient::ask_info(const RepoId& repo, const Revision& revision, std::stop_token stop) const {
  TRY(const Url url, address("/api/models/" + repo.text() + "/revision/" + encode_query(revision.text())));
  TRY(const auto answer, ask(url, repo.text(), stop));
  return parse_answer(answer);
}

Result<HubModel> HuggingFaceClient::info(const RepoId& repo, const Revision& revision, std::stop_token stop) {
  TRY(const Json model, ask_info(repo, revision, stop));
  return model_of(model);
}

Result<RepoListing> HuggingFaceClient::list(const RepoId& repo, const Revision& revision, std::stop_token stop) {
  TRY(const Json model, ask_info(repo, revision, stop));
  const JsonReader reader(model, repo.text());
  RepoListing listing{repo, revision, {}, {}};
  TRY(const std::string commit, reader.text("sha"));
  TRY(listing.commit, Revision::parse(commit));
  if (!listing.commit.is_commit())
    return fail(ErrorKind::corrupt, "{}: {} is not a commit", repo.text(), quote(commit));
  if (const auto named = RepoId::parse(text_of(model, "id"))) listing.repo = *named;
  TRY(Url url, address("/api/models/" + listing.repo.text() + "/tree/" + commit + "?recursive=true&expand=false"));
  for (int pages = 1;; ++pages) {
    TRY(const auto answer, ask(url, repo.text(), stop));
    TRY(const Json entries, parse_answer(answer));
    TRY_VOID(add_tree_page(listing, entries));
    const std::string next = next_link(answer.head.header("link"));
    if (next.empty()) break;
    if (pages == kMostPages)
      return fail(ErrorKind::corrupt, "{}: its listing has more than {} pages", repo.text(), kMostPages);
    TRY(url, url.redirected(next));
  }
  TRY_VOID(check_listing(listing));
  return listing;
}

Result<HttpRequest> HuggingFaceClient::file_request(const RepoListing& listing, const RemoteFile& file) {
  HttpRequest request;
  TRY(request.url, address("/" + listing.repo.text() + "/resolve/" + encode_query(listing.commit.text()) + "/" +
                           encode_path(file.path.text())));
  request.credential = credential();
  return request;
}

Error HuggingFaceClient::explain(const HttpResponse& head, const std::string&, const std::string& what) const {
  const std::string code = head.header("x-error-code");
  const std::string said = head.header("x-error-message");
  const std::string tail = said.empty() ? std::string() : fmt::format(" (the hub says {})", quote(said, 200));
  const bool has_token = credential() != nullptr;
  if (code == "GatedRepo")
    return {
        ErrorKind::not_allowed,
        fmt::format("{} is gated: accept its licence at {}{}", what, page_of(what.substr(0, what.find(' '))),
                    has_token ? " with the account of your token, then try again" : ", then " + token_hint(kind()))};
  if (code == "RevisionNotFound")
    return {ErrorKind::not_found,
            fmt::format("{} has no such revision: --revision takes a branch, tag or commit{}", what, tail)};
  if (code == "EntryNotFound") return {ErrorKind::not_found, fmt::format("{}: there is no such file{}", what, tail)};
  if (head.status == 401 && has_token && code != "RepoNotFound")
    return {ErrorKind::not_allowed,
            fmt::format("{}: the hub does not know the access token{}: make a new one", what, tail)};
  if (head.status == 401 || (head.status == 403 && !has_token))
    return {ErrorKind::not_allowed, fmt::format("{} does not exist or is private{}: check the name, or {}", what,
                                                has_token ? " to the account of the token" : "", token_hint(kind()))};
  if (head.status == 403) return {ErrorKind::not_allowed, fmt::format("{}: the token may not read it{}", what, tail)};
  if (head.status == 404) return {ErrorKind::not_found, fmt::format("{} is not on {}{}", what, endpoint_.text(), tail)};
  if (head.status == 429)
    return {ErrorKind::rate_limited,
            fmt::format("{}: too many requests, and waiting did not help: try later{}", endpoint_.text(),
                        has_token ? "" : ", or with a token, which allows more")};
  if (head.status == 451)
    return {ErrorKind::not_allowed, fmt::format("{} may not be given out for legal reasons{}", what, tail)};
  return {head.status >= 500 ? ErrorKind::unreachable : ErrorKind::io,
          fmt::format("{}: {} answers with HTTP {}{}", what, head.url.origin(), head.status, tail)};
}

}  // namespace flightdeck
