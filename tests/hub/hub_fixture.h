// A server, an empty home and options with short waits: what every hub test begins with.
#pragma once

#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/hub/job.h"
#include "tests/hub/hub_server.h"
#include "tests/support/expect_error.h"

namespace flightdeck::test {

/// Bytes that no compression, hole or repetition can stand in for.
inline std::string random_bytes(size_t count, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class HubFixture {
 public:
  HubFixture() {
    for (const char* variable :
         {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT",
          "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "MODELSCOPE_API_TOKEN", "MODELSCOPE_ENDPOINT",
          "http_proxy", "https_proxy", "HTTPS_PROXY", "TRANSFORMERS_OFFLINE"})
      qunsetenv(variable);
    qputenv("HOME", home.path().toUtf8());
    qputenv("HF_HOME", (home.path() + "/hf").toUtf8());
    qputenv("MODELSCOPE_CACHE", (home.path() + "/ms").toUtf8());
    qputenv("FLIGHTDECK_HOME", (home.path() + "/flightdeck").toUtf8());
    options.hub.endpoint = server.endpoint();
    options.hub.http.stall_timeout = std::chrono::seconds(10);  // a busy machine is not a stall
    options.hub.retry = {5, std::chrono::milliseconds(2), std::chrono::milliseconds(10), std::chrono::seconds(3)};
    options.transfer.part_bytes = 64 << 10;
    options.transfer.parts_from_bytes = 256 << 10;
    options.transfer.buffer_bytes = 2 << 10;
    options.transfer.journal_bytes = 4 << 10;
    spec.repo = *RepoId::parse("acme/tiny");
    server.add("config.json", {.content = "{\"model_type\":\"llama\"}", .is_lfs = false});
  }

  /// `bytes` random ones as the model's weights.
  void add_weights(size_t bytes) {
    weights = random_bytes(bytes);
    server.add("model.safetensors", {.content = weights});
  }
  Result<void> pull(std::stop_token stop = {}) {
    job = std::make_unique<DownloadJob>(spec, options);
    return job->run(stop);
  }
  std::string repo_dir() const { return (home.path() + "/hf/hub/models--acme--tiny").toStdString(); }
  std::string snapshot(const std::string& path) const {
    return repo_dir() + "/snapshots/" + HubServer::kCommit + "/" + path;
  }
  bool is_installed() const { return std::filesystem::exists(snapshot("model.safetensors")); }
  /// Files in blobs/: verified ones and what is left of others.
  std::vector<std::string> blobs() const {
    std::vector<std::string> names;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(repo_dir() + "/blobs", code))
      names.push_back(entry.path().filename().string());
    return names;
  }
  size_t leftovers() const {
    size_t count = 0;
    for (const std::string& name : blobs()) count += name.find('.') != std::string::npos;
    return count;
  }
  /// Ranges asked of the CDN for the weights, in order.
  std::vector<std::string> ranges() const {
    std::vector<std::string> all;
    for (const ServedRequest& request : server.requests())
      if (request.path().starts_with("/blob/model")) all.push_back(request.header("range"));
    return all;
  }

  QTemporaryDir home;
  HubServer server;
  JobOptions options;
  JobSpec spec;
  std::string weights;
  std::unique_ptr<DownloadJob> job;
};

}  // namespace flightdeck::test
