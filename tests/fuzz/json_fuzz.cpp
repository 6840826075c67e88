#include "core/base/json.h"
#include "core/base/quote.h"
#include "tests/fuzz/fuzz_target.h"

using namespace flightdeck;

/// Accepted: writing and reading again gives the same value. Refused: the message is short and valid UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = parse_json(text, "fuzz");
  fuzz_accepted = json.has_value();
  if (json) {
    const auto again = parse_json(json->dump(), "fuzz");
    FUZZ_REQUIRE(again.has_value() && *again == *json);
    return 0;
  }
  std::string_view message = json.error().message;
  FUZZ_REQUIRE(message.size() < 1000);
  while (!message.empty()) {
    const size_t length = utf8_length(message);
    FUZZ_REQUIRE(length > 0);
    message.remove_prefix(length);
  }
  return 0;
}
