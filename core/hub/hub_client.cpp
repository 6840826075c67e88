#include "core/hub/hub_client.h"

#include "core/base/json.h"
#include "core/base/quote.h"
#include "core/hub/huggingface.h"
#include "core/hub/modelscope.h"

namespace flightdeck {
namespace {

constexpr size_t kMostAnswerBytes = 64u << 20;
constexpr size_t kMostFiles = 10'000;

tl::unexpected<Error> offline_error() {
  return fail(ErrorKind::unreachable,
              "HF_HUB_OFFLINE is set, so nothing is asked of the network: unset it to download, or use a model that is "
              "already in the cache");
}

std::string endpoint_of(HubKind kind, const HubOptions& options) {
  if (!options.endpoint.empty()) return options.endpoint;
  if (kind == HubKind::hugging_face) {
    const std::string named = environment("HF_ENDPOINT");
    return named.empty() ? "https://huggingface.co" : named;
  }
  if (std::string named = environment("MODELSCOPE_ENDPOINT"); !named.empty()) return named;
  if (std::string named = environment("MODELSCOPE_DOMAIN"); !named.empty())
    return named.find("://") == named.npos ? "https://" + named : named;
  return is_set("MODELSCOPE_PREFER_AI_SITE") ? "https://www.modelscope.ai" : "https://modelscope.cn";
}

}  // namespace

Result<std::unique_ptr<HubClient>> make_hub_client(HubKind kind, HubOptions options) {
  if (is_set("HF_HUB_OFFLINE") || is_set("TRANSFORMERS_OFFLINE")) return offline_error();
  std::string text = endpoint_of(kind, options);
  while (text.ends_with('/')) text.pop_back();
  TRY(Url endpoint, Url::parse(text));
  if (!options.token) {
    TRY(options.token, find_token(kind));
  }
  std::optional<Credential> credential;
  if (options.token) credential.emplace(*options.token, endpoint);
  if (kind == HubKind::hugging_face)
    return std::make_unique<HuggingFaceClient>(std::move(options), std::move(endpoint), std::move(credential));
  return std::make_unique<ModelScopeClient>(std::move(options), std::move(endpoint), std::move(credential));
}

Result<Url> HubClient::address(const std::string& path) const {
  std::string base = endpoint_.text();
  while (base.ends_with('/')) base.pop_back();
  return Url::parse(base + path);
}

std::string HubClient::page_of(std::string_view repo) const {
  std::string base = endpoint_.text();
  while (base.ends_with('/')) base.pop_back();
  return fmt::format("{}{}{}", base, kind() == HubKind::model_scope ? "/models/" : "/", repo);
}

Result<HttpClient::Answer> HubClient::ask(const Url& url, const std::string& what, std::stop_token stop) const {
  HttpClient http(options_.http);
  HttpRequest request;
  request.url = url;
  request.credential = credential();
  for (Backoff backoff(options_.retry);;) {
    auto answer = http.get_text(request, kMostAnswerBytes, stop);
    auto wait = std::chrono::milliseconds(-1);
    if (answer) {
      const int status = answer->head.status;
      if (status >= 200 && status < 300) return answer;
      wait = told_wait(answer->head);
      const bool too_long = wait > options_.retry.longest_told_wait;
      if (!is_worth_repeating(status) || !backoff.may_repeat() || too_long)
        return tl::unexpected(explain(answer->head, answer->body, what));
    } else if (answer.error().kind != ErrorKind::unreachable || !backoff.may_repeat()) {
      return answer;
    }
    const auto own = backoff.next();
    if (!wait_for(wait.count() >= 0 ? wait : own, stop))
      return fail(ErrorKind::cancelled, "{}: the request was cancelled", what);
  }
}

Result<Json> parse_answer(const HttpClient::Answer& answer) {
  auto json = parse_json(answer.body, answer.head.url.shown(), {kMostAnswerBytes, 128});
  if (json) return json;
  const std::string type = answer.head.header("content-type");
  if (type.find("html") == type.npos && !answer.body.starts_with("<")) return json;
  return fail(
      ErrorKind::unreachable,
      "{} answers with a web page instead of data: the network may want a login first (open a browser), or this "
      "is not the address of a hub",
      answer.head.url.shown());
}

std::string token_hint(HubKind kind) {
  return kind == HubKind::hugging_face
             ? "run 'flightdeck login' or set HF_TOKEN (huggingface.co/settings/tokens makes one)"
             : "run 'flightdeck login --source modelscope' or set MODELSCOPE_API_TOKEN "
               "(modelscope.cn/my/myaccesstoken)";
}

Result<void> add_file(RepoListing& listing, const std::string& path, uint64_t size, ContentHash hash) {
  const auto parsed = RepoPath::parse(path);
  if (!parsed)
    return fail(ErrorKind::corrupt, "{}: {}: nothing of this repository is downloaded", listing.repo.text(),
                parsed.error().message);
  if (listing.files.size() >= kMostFiles)
    return fail(ErrorKind::corrupt, "{} lists more than {} files: not a model", listing.repo.text(), kMostFiles);
  if (size > uint64_t{1} << 50)
    return fail(ErrorKind::corrupt, "{}: {} is listed with {} bytes", listing.repo.text(), quote(path), size);
  listing.files.push_back({*parsed, size, std::move(hash)});
  return {};
}

Result<void> check_listing(const RepoListing& listing) {
  std::vector<RepoPath> paths;
  for (const RemoteFile& file : listing.files) paths.push_back(file.path);
  return check_distinct(paths);
}

}  // namespace flightdeck
