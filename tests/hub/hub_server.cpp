#include "tests/hub/hub_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/hub/content_hash.h"

namespace flightdeck::test {
namespace {

using nlohmann::json;

std::string decoded(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string hash_of(const std::string& content, ContentHash::Kind kind) {
  ContentHasher hasher(kind, content.size());
  hasher.update(std::as_bytes(std::span(content.data(), content.size())));
  return hasher.finish();
}

std::string query_value(const ServedRequest& request, const std::string& key) {
  const size_t at = request.target.find(key + "=");
  if (at == std::string::npos) return "";
  const size_t begin = at + key.size() + 1;
  return decoded(request.target.substr(begin, request.target.find('&', begin) - begin));
}

const char* reason(int status) { return status < 300 ? "OK" : status < 400 ? "Found" : "Error"; }

}  // namespace

HubServer::HubServer(const std::string& hub_address, const std::string& cdn_address) {
  hub_.address = hub_address;
  cdn_.address = cdn_address;
  listen_on(hub_);
  listen_on(cdn_);
}

HubServer::~HubServer() {
  ending_ = true;
  for (Listener* listener : {&hub_, &cdn_}) {
    shutdown(listener->fd, SHUT_RDWR);
    listener->thread.join();
    close(listener->fd);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : connections_) thread.join();
}

void HubServer::listen_on(Listener& listener) {
  listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, listener.address.c_str(), &address.sin_addr);
  socklen_t length = sizeof address;
  if (bind(listener.fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener.fd, 64) != 0 ||
      getsockname(listener.fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    std::abort();
  listener.port = ntohs(address.sin_port);
  listener.thread = std::thread([this, &listener] {
    while (!ending_) {
      const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::lock_guard lock(mutex_);
      open_.insert(fd);
      connections_.emplace_back([this, fd, port = listener.port] { serve(fd, port); });
    }
  });
}

std::string HubServer::endpoint() const { return fmt::format("http://{}:{}", hub_.address, hub_.port); }
std::string HubServer::cdn() const { return fmt::format("http://{}:{}", cdn_.address, cdn_.port); }

void HubServer::add(const std::string& path, ServedFile file) {
  const std::lock_guard lock(mutex_);
  files_[path] = std::move(file);
}
void HubServer::remove_files() {
  const std::lock_guard lock(mutex_);
  files_.clear();
}
void HubServer::add_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}
void HubServer::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}
void HubServer::set_commit(const std::string& commit) {
  const std::lock_guard lock(mutex_);
  commit_ = commit;
}
std::string HubServer::commit() const {
  const std::lock_guard lock(mutex_);
  return commit_;
}
void HubServer::set_drip(int64_t bytes_per_second) { drip_ = bytes_per_second; }
void HubServer::set_api(Api api) {
  const std::lock_guard lock(mutex_);
  api_ = std::move(api);
}
std::vector<ServedRequest> HubServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}
void HubServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
  body_bytes_ = 0;
}

bool HubServer::wait_for_request(const std::string& part, int count) {
  std::unique_lock lock(mutex_);
  return arrived_.wait_for(lock, std::chrono::seconds(20), [&] {
    return std::count_if(requests_.begin(), requests_.end(), [&](const ServedRequest& request) {
             return request.target.find(part) != std::string::npos;
           }) >= count;
  });
}

void HubServer::serve(int fd, int port) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string pending;
  for (bool keep = true; keep && !ending_;) {
    size_t end;
    while ((end = pending.find("\r\n\r\n")) == std::string::npos) {
      char buffer[4096];
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      pending.append(buffer, static_cast<size_t>(got));
    }
    if (end == std::string::npos) break;
    ServedRequest request;
    request.port = port;
    size_t begin = pending.find("\r\n") + 2;
    const std::string first = pending.substr(0, begin - 2);
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
    while (begin < end) {
      const size_t line_end = pending.find("\r\n", begin);
      const std::string line = pending.substr(begin, line_end - begin);
      std::string name = line.substr(0, line.find(':'));
      std::transform(name.begin(), name.end(), name.begin(), ::tolower);
      request.headers[name] = line.substr(line.find(':') + 2);
      begin = line_end + 2;
    }
    pending.erase(0, end + 4);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    arrived_.notify_all();
    keep = answer(fd, request);
  }
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  close(fd);
}

std::optional<Fault> HubServer::take_fault(const ServedRequest& request) {
  const std::lock_guard lock(mutex_);
  for (Fault& fault : faults_) {
    if (fault.times == 0 || request.target.find(fault.matches) == std::string::npos) continue;
    if (fault.times > 0) --fault.times;
    return fault;
  }
  return {};
}

/// /owner/name/resolve/commit/path and ModelScope's /repo?FilePath=… on the hub, /blob/path on the CDN; else the API.
bool HubServer::answer(int fd, const ServedRequest& request) {
  std::string path;
  const bool is_cdn = request.port == cdn_.port;
  const size_t resolve = request.path().find("/resolve/");
  if (is_cdn && request.path().starts_with("/blob/"))
    path = decoded(request.path().substr(6));
  else if (resolve != std::string::npos)
    path = decoded(request.path().substr(request.path().find('/', resolve + 9) + 1));
  else if (request.path().ends_with("/repo"))
    path = query_value(request, "FilePath");
  if (path.empty()) return send_reply(fd, request, api_reply(request));
  ServedFile file;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end()) {
      return send_reply(fd, request, {404, {{"X-Error-Code", "EntryNotFound"}}, ""});
    }
    file = found->second;
  }
  if (!is_cdn && resolve != std::string::npos && file.is_lfs) {
    const auto fault = take_fault(ServedRequest{request.method, "hub:" + request.target, {}, 0});
    if (fault && !fault->redirect.empty()) return send_reply(fd, request, {302, {{"Location", fault->redirect}}, ""});
    if (fault) return send_reply(fd, request, {fault->status, fault->headers, fault->body});
    return send_reply(fd, request,
                      {302,
                       {{"Location", cdn() + "/blob/" + path + "?signature=abc"},
                        {"X-Repo-Commit", commit()},
                        {"X-Linked-Etag", "\"" + hash_of(file.content, ContentHash::Kind::sha256) + "\""},
                        {"X-Linked-Size", std::to_string(file.content.size())}},
                       ""});
  }
  return send_file(fd, request, path, file);
}

HubServer::Reply HubServer::api_reply(const ServedRequest& request) {
  Api api;
  std::string commit;
  {
    const std::lock_guard lock(mutex_);
    api = api_;
    commit = commit_;
  }
  if (const auto fault = take_fault(request)) return {fault->status, fault->headers, fault->body};
  if (api)
    if (auto reply = api(request)) return *reply;
  if (request.path().find("/tree/") != std::string::npos) return tree(request);
  if (request.path().find("/repo/files") != std::string::npos) return scope_listing();
  if (request.path().find("/revision/") != std::string::npos) {
    const size_t begin = std::strlen("/api/models/");
    const std::string id = request.path().substr(begin, request.path().find("/revision/") - begin);
    return {200, {{"Content-Type", "application/json"}}, json{{"id", id}, {"sha", commit}, {"gated", false}}.dump()};
  }
  return {404, {{"X-Error-Code", "RepoNotFound"}}, "{}"};
}

HubServer::Reply HubServer::tree(const ServedRequest& request) {
  const std::lock_guard lock(mutex_);
  json entries = json::array();
  const std::string from = query_value(request, "cursor");
  size_t index = 0;
  const size_t begin = from.empty() ? 0 : std::stoul(from);
  Reply reply;
  for (const auto& [path, file] : files_) {
    if (index++ < begin) continue;
    if (entries.size() == static_cast<size_t>(page_size)) {
      reply.headers["Link"] =
          fmt::format("<{}{}?recursive=true&cursor={}>; rel=\"next\"", endpoint(), request.path(), index - 1);
      break;
    }
    const int64_t size = file.listed_size >= 0 ? file.listed_size : static_cast<int64_t>(file.content.size());
    const auto kind = file.is_lfs ? ContentHash::Kind::sha256 : ContentHash::Kind::git_blob;
    const std::string hash = file.listed_hash.empty() ? hash_of(file.content, kind) : file.listed_hash;
    json entry = {{"type", "file"}, {"path", path}, {"size", size}};
    if (file.is_lfs) {
      entry["oid"] = std::string(40, '0');
      entry["lfs"] = {{"oid", hash}, {"size", size}, {"pointerSize", 134}};
    } else if (hash != "-") {
      entry["oid"] = hash;
    }
    entries.push_back(entry);
  }
  reply.body = entries.dump();
  return reply;
}

HubServer::Reply HubServer::scope_listing() {
  const std::lock_guard lock(mutex_);
  json files = json::array();
  for (const auto& [path, file] : files_) {
    json entry = {{"Type", "blob"}, {"Path", path}, {"Name", path}, {"Size", file.content.size()}};
    if (file.listed_hash != "-")
      entry["Sha256"] = file.listed_hash.empty() ? hash_of(file.content, ContentHash::Kind::sha256) : file.listed_hash;
    files.push_back(entry);
  }
  return {200, {}, json{{"Code", 200}, {"Success", true}, {"Data", {{"Files", files}}}}.dump()};
}

bool HubServer::send_bytes(int fd, const char* data, size_t count) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t sent = 0; sent < count && !ending_;) {
    const int64_t drip = drip_;
    size_t piece = count - sent;
    if (drip > 0) piece = std::min<size_t>(piece, static_cast<size_t>(std::max<int64_t>(drip / 100, 1)));
    const ssize_t put = send(fd, data + sent, piece, MSG_NOSIGNAL);
    if (put <= 0) return false;
    sent += static_cast<size_t>(put);
    if (drip > 0)
      std::this_thread::sleep_until(start + std::chrono::microseconds(sent * 1'000'000 / static_cast<size_t>(drip)));
  }
  return true;
}

bool HubServer::send_reply(int fd, const ServedRequest& request, const Reply& reply) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  head += fmt::format("Content-Length: {}\r\n\r\n", reply.body.size());
  const std::string all = request.method == "HEAD" ? head : head + reply.body;
  return send(fd, all.data(), all.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(all.size());
}

bool HubServer::send_file(int fd, const ServedRequest& request, const std::string&, const ServedFile& file) {
  const Fault fault = take_fault(request).value_or(Fault{});
  if (fault.status > 0) return send_reply(fd, request, {fault.status, fault.headers, fault.body});
  if (!fault.redirect.empty()) return send_reply(fd, request, {302, {{"Location", fault.redirect}}, ""});
  std::string content = file.content;
  if (fault.flip_at >= 0)
    content[static_cast<size_t>(fault.flip_at)] = static_cast<char>(~content[static_cast<size_t>(fault.flip_at)]);
  const std::string tag = file.is_lfs ? file.etag : "\"" + hash_of(file.content, ContentHash::Kind::git_blob) + "\"";
  std::string range = request.header("range");
  const std::string if_range = request.header("if-range");
  if (fault.ignore_range || (!if_range.empty() && if_range != tag)) range.clear();
  size_t first = 0, last = content.empty() ? 0 : content.size() - 1;
  int status = 200;
  std::string head;
  if (!range.empty()) {
    unsigned long long a = 0, b = content.size() - 1;
    std::sscanf(range.c_str(), "bytes=%llu-%llu", &a, &b);
    if (a >= content.size())
      return send_reply(fd, request, {416, {{"Content-Range", fmt::format("bytes */{}", content.size())}}, ""});
    first = a;
    last = std::min<size_t>(b, content.size() - 1);
    status = 206;
    const std::string truth = fmt::format("bytes {}-{}/{}", first, last, content.size());
    if (fault.content_range != "-")
      head += "Content-Range: " + (fault.content_range.empty() ? truth : fault.content_range) + "\r\n";
  }
  std::string body = content.empty() ? std::string() : content.substr(first, last - first + 1);
  body += fault.extra;
  if (request.port == hub_.port) head += "X-Repo-Commit: " + commit() + "\r\n";
  if (fault.gzip_header) head += "Content-Encoding: gzip\r\n";
  if (!fault.no_length) head += fmt::format("Content-Length: {}\r\n", body.size());
  head = fmt::format("HTTP/1.1 {} OK\r\nETag: {}\r\nAccept-Ranges: bytes\r\n{}{}\r\n", status, tag, head,
                     fault.no_length ? "Connection: close\r\n" : "");
  if (send(fd, head.data(), head.size(), MSG_NOSIGNAL) <= 0) return false;
  if (request.method == "HEAD") return true;
  const int64_t stop = fault.cut_after >= 0 ? fault.cut_after : fault.hang_after;
  const size_t count = stop >= 0 ? std::min<size_t>(body.size(), static_cast<size_t>(stop)) : body.size();
  const bool sent = send_bytes(fd, body.data(), count);
  body_bytes_ += count;
  if (fault.hang_after >= 0) {
    char byte;
    (void)!recv(fd, &byte, 1, 0);  // until the client gives up
    return false;
  }
  return sent && fault.cut_after < 0 && !fault.no_length;
}

}  // namespace flightdeck::test
