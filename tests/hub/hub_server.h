// Both hubs on a port of this machine, which misbehave when told to. Plain sockets, a thread a connection.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace flightdeck::test {

struct ServedRequest {
  std::string method, target;                  // target with its query
  std::map<std::string, std::string> headers;  // names in lower case
  int port = 0;                                // the hub's or the CDN's
  std::string path() const { return target.substr(0, target.find('?')); }
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct ServedFile {
  std::string content;
  bool is_lfs = true;  // sha256 and a redirect to the CDN, else a git blob from the hub itself
  std::string etag = "\"v1\"";
  std::string listed_hash;  // empty: the right one; "-": none
  int64_t listed_size = -1;
};

/// What to do instead of answering well, to a request for bytes that `matches`; `times` counts down (-1: for ever).
struct Fault {
  std::string matches;  // part of the target
  int times = 1;
  int64_t cut_after = -1;     // bytes of the body, then the connection is closed
  bool ignore_range = false;  // 200 and everything
  std::string content_range;  // another one than the truth; "-": none
  int status = 0;             // with `headers` and an empty body
  std::map<std::string, std::string> headers;
  int64_t flip_at = -1;      // a byte of the whole file, inverted
  std::string extra;         // more bytes than listed
  bool no_length = false;    // the end of the connection ends the body
  int64_t hang_after = -1;   // bytes, then silence
  std::string body;          // with status: this text
  bool gzip_header = false;  // claims Content-Encoding: gzip
  std::string redirect;      // to this address
};

class HubServer {
 public:
  /// IPv4 addresses of this machine that the hub and its CDN listen on.
  explicit HubServer(const std::string& hub_address = "127.0.0.1", const std::string& cdn_address = "127.0.0.1");
  ~HubServer();
  HubServer(const HubServer&) = delete;
  HubServer& operator=(const HubServer&) = delete;

  std::string endpoint() const;  // of the hub: http://127.0.0.1:port
  std::string cdn() const;       // another origin, where the bytes of large files are

  void add(const std::string& path, ServedFile file);
  void remove_files();
  void add_fault(Fault fault);
  void clear_faults();
  std::string commit() const;
  void set_commit(const std::string& commit);
  void set_drip(int64_t bytes_per_second);  // of each connection; 0: as fast as it goes
  /// Answers of the hub's API, instead of the listing: (target) → status, headers, body.
  struct Reply {
    int status = 200;
    std::map<std::string, std::string> headers;
    std::string body;
  };
  using Api = std::function<std::optional<Reply>(const ServedRequest&)>;
  void set_api(Api api);

  std::vector<ServedRequest> requests() const;
  void forget_requests();
  uint64_t body_bytes() const { return body_bytes_; }  // of files, since the last forget_requests()
  int page_size = 1000;                                // entries of a page of a listing
  /// Blocks until a request whose target contains `part` has come.
  bool wait_for_request(const std::string& part, int count = 1);

  static constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

 private:
  struct Listener {
    std::string address;
    int fd = -1;
    int port = 0;
    std::thread thread;
  };
  void listen_on(Listener& listener);
  void serve(int fd, int port);
  bool answer(int fd, const ServedRequest& request);
  Reply api_reply(const ServedRequest& request);
  Reply tree(const ServedRequest& request);
  Reply scope_listing();
  bool send_file(int fd, const ServedRequest& request, const std::string& path, const ServedFile& file);
  bool send_reply(int fd, const ServedRequest& request, const Reply& reply);
  bool send_bytes(int fd, const char* data, size_t count);
  std::optional<Fault> take_fault(const ServedRequest& request);

  Listener hub_, cdn_;
  std::atomic<bool> ending_{false};
  std::atomic<uint64_t> body_bytes_{0};
  std::atomic<int64_t> drip_{0};
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::string, ServedFile> files_;
  std::vector<Fault> faults_;
  std::vector<ServedRequest> requests_;
  std::string commit_ = kCommit;
  Api api_;
  std::set<int> open_;
  std::vector<std::thread> connections_;
};

}  // namespace flightdeck::test
