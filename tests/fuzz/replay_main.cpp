// Runs a fuzz target over every file of the folders given. Seeds named ok_… must be accepted, bad_… refused; for each,
// every shorter prefix (of small files) is run too.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

/// An exact copy on the heap, so that a sanitizer sees a read past the end.
bool run(const std::string& content, size_t size) {
  const std::vector<uint8_t> copy(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(size));
  fuzz_accepted = false;
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  return fuzz_accepted;
}

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  const bool accepted = run(content, content.size());
  for (size_t size = 0; size < std::min<size_t>(content.size(), 2000); ++size) run(content, size);
  const std::string name = path.filename().string();
  const bool as_named = accepted ? !name.starts_with("bad_") : !name.starts_with("ok_");
  if (!as_named) std::fprintf(stderr, "%s: was %s\n", path.c_str(), accepted ? "accepted" : "refused");
  return as_named;
}

}  // namespace

int main(int count, char** folders) {
  int files = 0, wrong = 0;
  for (int i = 1; i < count; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(folders[i])) {
      ++files;
      wrong += replay(entry.path()) ? 0 : 1;
    }
  std::printf("%d files, %d with another outcome than their name says\n", files, wrong);
  return files > 0 && wrong == 0 ? 0 : 1;
}
