#include "core/hub/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "core/base/quote.h"
#include "core/base/version.h"

namespace flightdeck {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostHops = 10;
constexpr size_t kMostHeadBytes = 64 << 10;
constexpr size_t kMostHeadFields = 128;
constexpr size_t kMostRedirectBody = 1 << 20;
constexpr long kUsualBuffer = 512 << 10;
constexpr long kLeastBuffer = 1 << 10;                   // libcurl's own
constexpr std::chrono::milliseconds kLongestPause{200};  // then the limit may have changed

std::string ca_file_of(const HttpOptions& options) {
  if (!options.ca_file.empty()) return options.ca_file;
  for (const char* variable : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"})
    if (std::string file = environment(variable); !file.empty()) return file;
  return "";
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// What the callbacks of one hop share; all on the calling thread.
struct Exchange {
  Exchange(BodySink& body_sink, const Url& url) : sink(body_sink) { head.url = url; }
  BodySink& sink;
  HttpResponse head;
  size_t head_bytes = 0;
  size_t redirect_body = 0;
  bool begun = false;
  bool refuse_private = false;
  bool was_public = false;
  Clock::time_point last_byte = Clock::now();
  std::vector<SpeedLimit*> limits;
  std::stop_token stop;
  std::optional<Error> error;

  bool failed(Result<void> result) {
    if (result) return false;
    error = std::move(result).error();
    return true;
  }
  bool redirects() const { return is_redirect(head.status) && !head.header("location").empty(); }
};

size_t on_header(char* data, size_t, size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.last_byte = Clock::now();
  std::string_view line(data, count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // of an interim answer or a proxy before it: start over
    exchange.head.headers.clear();
    const size_t space = line.find(' ');
    exchange.head.status = space == line.npos ? 0 : std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    return count;
  }
  exchange.head_bytes += count;
  const size_t colon = line.find(':');
  if (exchange.head_bytes > kMostHeadBytes || exchange.head.headers.size() >= kMostHeadFields) {
    exchange.failed(fail(ErrorKind::corrupt, "{}: answers with more headers than 64 KiB", exchange.head.url.shown()));
    return 0;
  }
  if (colon == line.npos) return count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  exchange.head.headers[name] = value;
  return count;
}

/// Nothing more is read meanwhile, so the server has to wait too.
void keep(SpeedLimit& limit, size_t count, std::stop_token stop) {
  const auto until = limit.took(count);
  for (auto now = Clock::now(); now < until && limit.is_used_up() && !stop.stop_requested(); now = Clock::now())
    wait_for(std::chrono::ceil<std::chrono::milliseconds>(std::min<Clock::duration>(until - now, kLongestPause)), stop);
}

size_t on_body(char* data, size_t, size_t count, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  for (SpeedLimit* limit : exchange.limits) keep(*limit, count, exchange.stop);
  exchange.last_byte = Clock::now();
  if (exchange.redirects()) return (exchange.redirect_body += count) <= kMostRedirectBody ? count : 0;
  if (!std::exchange(exchange.begun, true) && exchange.failed(exchange.sink.begin(exchange.head))) return 0;
  return exchange.failed(exchange.sink.write(std::as_bytes(std::span(data, count)))) ? 0 : count;
}

int on_connected(void* context, char* address, char*, int, int) {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.was_public = !is_private_address(address);
  if (!exchange.refuse_private || exchange.was_public) return CURL_PREREQFUNC_OK;
  exchange.failed(fail(ErrorKind::unreachable,
                       "a hub on the internet redirects to {}, an address of this network: refused",
                       exchange.head.url.shown()));
  return CURL_PREREQFUNC_ABORT;
}

tl::unexpected<Error> transport_error(CURLcode code, const Url& url, const char* detail) {
  const std::string said = *detail ? detail : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR)
    return fail(
        ErrorKind::not_allowed,
        "{}: its certificate cannot be trusted ({}). Check the clock; behind a company proxy name its CA file in "
        "SSL_CERT_FILE",
        url.origin(), said);
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
    return fail(ErrorKind::unreachable, "{}: no such host, or no network: {}", url.origin(), said);
  if (code == CURLE_COULDNT_CONNECT) return fail(ErrorKind::unreachable, "{}: no connection: {}", url.origin(), said);
  return fail(ErrorKind::unreachable, "{}: the connection broke: {}", url.shown(), said);
}

class TextSink : public BodySink {
 public:
  TextSink(size_t max_bytes, std::string& body) : max_bytes_(max_bytes), body_(body) {}
  Result<void> begin(const HttpResponse& head) override {
    name_ = head.url.shown();
    return {};
  }
  Result<void> write(std::span<const std::byte> bytes) override {
    if (body_.size() + bytes.size() > max_bytes_)
      return fail(ErrorKind::corrupt, "{}: the answer is longer than {} bytes", name_, max_bytes_);
    body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }

 private:
  size_t max_bytes_;
  std::string& body_;
  std::string name_;
};

struct HeaderList {
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

}  // namespace

bool is_private_address(const char* address) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address, &v4) == 1) {
    const uint32_t ip = ntohl(v4.s_addr);
    return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 24 == 0 || ip >> 20 == 0xAC1 || ip >> 16 == 0xC0A8 ||
           ip >> 16 == 0xA9FE || ip >> 22 == 0x191;  // the last: 100.64/10, where some clouds answer with secrets
  }
  if (inet_pton(AF_INET6, address, &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) ||
         (v6.s6_addr[0] & 0xFE) == 0xFC || IN6_IS_ADDR_V4MAPPED(&v6);
}

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

struct HttpClient::State {
  explicit State(uint64_t bytes_per_second) : limit(bytes_per_second) {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (global != CURLE_OK) throw std::bad_alloc();
    multi = curl_multi_init();
    easy = curl_easy_init();
    if (!multi || !easy) throw std::bad_alloc();
  }
  ~State() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  SpeedLimit limit;
  CURLM* multi;
  CURL* easy;
  bool first_was_public = false;
  char detail[CURL_ERROR_SIZE] = {};
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)), state_(std::make_unique<State>(options_.bytes_per_second)) {}
HttpClient::~HttpClient() = default;

namespace {

/// What libcurl may read at once.
long buffer_of(const SpeedLimit& own, const SpeedLimit* shared) {
  uint64_t bytes = kUsualBuffer;
  for (const SpeedLimit* limit : {&own, shared})
    if (const uint64_t piece = limit ? limit->piece_bytes() : 0; piece > 0) bytes = std::min(bytes, piece);
  return std::max(static_cast<long>(bytes), kLeastBuffer);
}

void set_connection(CURL* easy, const HttpOptions& options, const Url& url, long buffer_bytes) {
  curl_easy_setopt(easy, CURLOPT_URL, url.text().c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server
  // Named, so that libcurl undoes a compression nobody asked for.
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_bytes);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, fmt::format("flightdeck/{}", kVersion).c_str());
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  if (!options.proxy.empty()) curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  if (const std::string ca = ca_file_of(options); !ca.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca.c_str());
}

void set_headers(CURL* easy, HeaderList& list, const HttpRequest& request, const Url& url, bool with_credential) {
  for (const std::string& header : request.headers) list.add(header);
  if (with_credential) list.add("Authorization: Bearer " + request.credential->token().secret());
  if (request.first) {
    const std::string last = request.last ? std::to_string(*request.last) : std::string();
    curl_easy_setopt(easy, CURLOPT_RANGE, fmt::format("{}-{}", *request.first, last).c_str());
    if (!request.if_range.empty() && request.if_range_origin == url.origin()) list.add("If-Range: " + request.if_range);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list.list);
}

/// Drives the transfer; the result is libcurl's verdict, or the error that ended it from our side.
Result<CURLcode> drive(CURLM* multi, Exchange& exchange, const HttpOptions& options, std::stop_token stop) {
  const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
  for (int running = 1; running > 0;) {
    if (curl_multi_perform(multi, &running) != CURLM_OK)
      return fail(ErrorKind::io, "{}: libcurl failed", exchange.head.url.shown());
    if (running == 0) break;
    if (stop.stop_requested())
      return fail(ErrorKind::cancelled, "{}: the request was cancelled", exchange.head.url.shown());
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - exchange.last_byte);
    if (silent >= options.stall_timeout)
      return fail(ErrorKind::unreachable, "{}: no byte for {} ms", exchange.head.url.shown(), silent.count());
    curl_multi_poll(multi, nullptr, 0, static_cast<int>((options.stall_timeout - silent).count()) + 1, nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  return message ? message->data.result : CURLE_RECV_ERROR;
}

}  // namespace

Result<HttpResponse> HttpClient::hop(const HttpRequest& request, const Url& url, bool with_credential, BodySink& sink,
                                     std::stop_token stop) {
  CURL* easy = state_->easy;
  Exchange exchange(sink, url);
  exchange.refuse_private = state_->first_was_public;
  HeaderList headers;
  exchange.stop = stop;
  if (options_.bytes_per_second > 0) exchange.limits.push_back(&state_->limit);
  if (options_.speed_limit) exchange.limits.push_back(options_.speed_limit.get());
  curl_easy_reset(easy);
  set_connection(easy, options_, url, buffer_of(state_->limit, options_.speed_limit.get()));
  set_headers(easy, headers, request, url, with_credential);
  state_->detail[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, state_->detail);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &exchange);
  curl_multi_add_handle(state_->multi, easy);
  const Result<CURLcode> code = drive(state_->multi, exchange, options_, stop);
  curl_multi_remove_handle(state_->multi, easy);  // also closes the connection of an unfinished transfer
  state_->first_was_public |= exchange.was_public;
  if (exchange.error) return tl::unexpected(std::move(*exchange.error));
  if (!code) return tl::unexpected(code.error());
  if (*code != CURLE_OK) return transport_error(*code, url, state_->detail);
  if (!exchange.redirects() && !exchange.begun) TRY_VOID(sink.begin(exchange.head));
  return std::move(exchange.head);
}

Result<HttpResponse> HttpClient::get(const HttpRequest& request, BodySink& sink, std::stop_token stop) {
  Url url = request.url;
  bool at_home = request.credential && request.credential->belongs_to(url);
  state_->first_was_public = false;
  std::map<std::string, std::string> first_headers;
  for (int hops = 0; hops <= kMostHops; ++hops) {
    TRY(HttpResponse head, hop(request, url, at_home, sink, stop));
    const std::string location = head.header("location");
    if (!is_redirect(head.status) || location.empty()) {
      head.first_headers = std::move(first_headers);
      return head;
    }
    // A renamed repository redirects on its own host; what counts is the last word of the hub itself.
    if (url.origin() == request.url.origin()) first_headers = head.headers;
    TRY(url, url.redirected(location));
    at_home = at_home && request.credential->belongs_to(url);
  }
  return fail(ErrorKind::unreachable, "{}: redirects more than {} times", request.url.shown(), kMostHops);
}

Result<HttpClient::Answer> HttpClient::get_text(const HttpRequest& request, size_t max_bytes, std::stop_token stop) {
  Answer answer;
  TextSink sink(max_bytes, answer.body);
  TRY(answer.head, get(request, sink, stop));
  return answer;
}

bool wait_for(std::chrono::milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, stop, time, [] { return false; }) && !stop.stop_requested();
}

}  // namespace flightdeck
