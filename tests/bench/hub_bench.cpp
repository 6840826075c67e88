// One large file over loopback: `flightdeck pull` (hash included) against curl writing to the same disk.
//   hub_bench PROGRAM FOLDER [GiB [rounds]]
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/base/sha256.h"

namespace {

using namespace flightdeck;
using Clock = std::chrono::steady_clock;

constexpr size_t kPattern = 16u << 20;  // repeated: the server must not be the one that waits for a disk
uint64_t total = uint64_t{4} << 30;
std::string pattern, digest;

void send_all(int fd, const char* data, size_t count) {
  while (count > 0) {
    const ssize_t put = send(fd, data, count, MSG_NOSIGNAL);
    if (put <= 0) return;
    data += put;
    count -= static_cast<size_t>(put);
  }
}

void send_text(int fd, const std::string& body) {
  const std::string text = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  send_all(fd, text.data(), text.size());
}

void send_range(int fd, const std::string& request) {
  unsigned long long first = 0, last = total - 1;
  const size_t at = request.find("Range: bytes=");
  if (at != request.npos) std::sscanf(request.c_str() + at, "Range: bytes=%llu-%llu", &first, &last);
  const std::string head = at == request.npos
                               ? fmt::format("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: {}\r\n\r\n", total)
                               : fmt::format(
                                     "HTTP/1.1 206 OK\r\nETag: \"e\"\r\nContent-Range: bytes {}-{}/{}\r\n"
                                     "Content-Length: {}\r\n\r\n",
                                     first, last, total, last - first + 1);
  send_all(fd, head.data(), head.size());
  for (uint64_t i = first; i <= last;) {
    const size_t begin = i % kPattern;
    const size_t count = std::min<uint64_t>(kPattern - begin, last - i + 1);
    send_all(fd, pattern.data() + begin, count);
    i += count;
  }
}

void serve(int fd) {
  const std::string commit(40, 'a');
  for (std::string request;; request.clear()) {
    while (request.find("\r\n\r\n") == request.npos) {
      char buffer[4096];
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        close(fd);
        return;
      }
      request.append(buffer, static_cast<size_t>(got));
    }
    if (request.find("/revision/") != request.npos)
      send_text(fd, fmt::format(R"({{"id":"acme/large","sha":"{}"}})", commit));
    else if (request.find("/tree/") != request.npos)
      send_text(
          fd, fmt::format(R"([{{"type":"file","path":"model.safetensors","size":{},"oid":"{}","lfs":{{"oid":"{}"}}}}])",
                          total, commit, digest));
    else
      send_range(fd, request);
  }
}

int start_server() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 16) != 0) std::abort();
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  std::thread([fd] {
    for (;;) std::thread(serve, accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)).detach();
  }).detach();
  return ntohs(address.sin_port);
}

void prepare() {
  std::mt19937_64 random(4);
  pattern.resize(kPattern);
  for (size_t i = 0; i < kPattern; i += 8) {
    const uint64_t word = random();
    std::memcpy(pattern.data() + i, &word, 8);
  }
  Sha256 hash;
  for (uint64_t done = 0; done < total; done += kPattern) hash.update(std::as_bytes(std::span(pattern)));
  digest = hash.finish();
}

void measure(const std::string& name, const std::vector<std::string>& command) {
  sync();
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  fmt::print("{:<24} {:6.2f} s  {:7.0f} MB/s  {:4} MiB resident at most, {:.1f} s of CPU{}\n", name, seconds,
             static_cast<double>(total) / seconds / 1e6, usage.ru_maxrss / 1024,
             static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
             status == 0 ? "" : "  FAILED");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3) total = std::strtoull(argv[3], nullptr, 10) << 30;
  prepare();
  const std::string folder = argv[2], endpoint = fmt::format("http://127.0.0.1:{}", start_server());
  setenv("HF_ENDPOINT", endpoint.c_str(), 1);
  setenv("HF_HOME", (folder + "/hf").c_str(), 1);
  const std::string file = folder + "/curl.bin";
  const std::string get = fmt::format("curl -s -o {} {}/file", file, endpoint);
  const int rounds = argc > 4 ? std::atoi(argv[4]) : 3;
  for (int round = 0; round < rounds; ++round) {
    measure("curl", {"sh", "-c", get});
    std::filesystem::remove(file);
    measure("curl, then flushed", {"sh", "-c", get + " && sync " + file});
    std::filesystem::remove(file);
    measure("flightdeck pull", {argv[1], "pull", "acme/large"});
    std::filesystem::remove_all(folder + "/hf");
  }
}
