#include "core/base/json.h"
#include "core/hub/huggingface.h"
#include "core/hub/modelscope.h"
#include "tests/fuzz/fuzz_target.h"

using namespace flightdeck;

namespace {

/// Every path stays below its folder on every system, every hash can be a file name.
void require_safe(const RepoListing& listing) {
  FUZZ_REQUIRE(listing.files.size() <= 10'000);
  for (const RemoteFile& file : listing.files) {
    const std::string path = "/" + file.path.text() + "/";
    FUZZ_REQUIRE(path.find("/../") == path.npos && path.find("//") == path.npos && path.find("/./") == path.npos);
    FUZZ_REQUIRE(path.find_first_of("\\:\n\r") == path.npos && path.find('\0') == path.npos);
    const std::string& hex = file.hash.hex();
    FUZZ_REQUIRE(hex.empty() || hex.size() == 40 || hex.size() == 64);
    FUZZ_REQUIRE(hex.find_first_not_of("0123456789abcdef") == hex.npos);
  }
}

}  // namespace

/// A listing of either hub.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_accepted = false;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz", {.max_bytes = 4u << 20});
  if (!json) return 0;
  RepoListing tree{*RepoId::parse("a/b"), {}, {}, {}}, scope = tree;
  const bool is_tree = add_tree_page(tree, *json) && check_listing(tree);
  const bool is_scope = static_cast<bool>(add_scope_files(scope, *json));
  if (is_tree) require_safe(tree);
  if (is_scope) require_safe(scope);
  fuzz_accepted = is_tree || is_scope;
  return 0;
}
