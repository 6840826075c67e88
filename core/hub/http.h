// Requests over libcurl. What libcurl would do by itself and must not: follow redirects with credentials, ask for
// compression, wait for ever.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/hub/credentials.h"
#include "core/hub/speed_limit.h"
#include "core/hub/url.h"

namespace flightdeck {

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  // without a byte, headers included
  std::string proxy;                                // empty: HTTPS_PROXY, HTTP_PROXY, NO_PROXY of the environment
  std::string ca_file;            // empty: REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE, else the system's
  uint64_t bytes_per_second = 0;  // of one connection; 0: no limit
  std::shared_ptr<SpeedLimit> speed_limit;  // of all connections with these options together
};

struct HttpRequest {
  Url url;
  const Credential* credential = nullptr;  // sent to its own origin only, and never again after a redirect left it
  std::optional<uint64_t> first, last;     // Range: bytes=first-last
  std::string if_range;                    // with a Range: the ETag that must still hold …
  std::string if_range_origin;             // … on this origin; others know the file by other tags
  std::vector<std::string> headers;
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;        // names in lower case
  Url url;                                           // the last of the redirects
  std::map<std::string, std::string> first_headers;  // of the first answer, where a redirect was followed
  std::string header(const std::string& name) const;
};

/// Gets the body of the final answer (redirects are not shown). Returning an error ends the transfer with it.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Before the body. The sink decides by status and headers whether it wants it.
  virtual Result<void> begin(const HttpResponse& head) = 0;
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

/// One connection cache; one request at a time, on the calling thread.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// An answer of any status, or the error: cancelled, the sink's own, or `unreachable` (no connection, stalled, cut).
  Result<HttpResponse> get(const HttpRequest& request, BodySink& sink, std::stop_token stop = {});

  struct Answer {
    HttpResponse head;
    std::string body;
  };
  /// The whole body, at most max_bytes of it.
  Result<Answer> get_text(const HttpRequest& request, size_t max_bytes, std::stop_token stop = {});

 private:
  struct State;
  Result<HttpResponse> hop(const HttpRequest& request, const Url& url, bool with_credential, BodySink& sink,
                           std::stop_token stop);
  HttpOptions options_;
  std::unique_ptr<State> state_;
};

/// An address of this machine or its own network: the internet has no business to send us there.
bool is_private_address(const char* address);

/// Sleeps; false when the stop came first.
bool wait_for(std::chrono::milliseconds time, std::stop_token stop);

}  // namespace flightdeck
