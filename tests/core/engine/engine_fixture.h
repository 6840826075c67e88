// A temporary folder with a tiny checkpoint in it and engines built from it.
#pragma once

#include <QTemporaryDir>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/engine/builder.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_checkpoint.h"

namespace flightdeck::test {

class EngineFixture {
 public:
  explicit EngineFixture(const TinyModel& model = {}) {
    if (!write_tiny_checkpoint(model_dir(), model)) qFatal("no tiny checkpoint");
  }

  std::string path(const std::string& name) const { return dir_.path().toStdString() + "/" + name; }
  std::string model_dir() const { return path("model"); }
  BuildOptions options(QFormat qformat = QFormat::int8_wo, const std::string& name = "engine") const {
    BuildOptions options;
    options.model_dir = model_dir();
    options.output_dir = path(name);
    options.qformat = qformat;
    options.threads = 2;
    return options;
  }
  /// The folder's entries beside the model.
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path().toStdString()))
      if (entry.path().filename() != "model") names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  QTemporaryDir dir_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace flightdeck::test
