#include "core/base/quote.h"
#include "core/jinja/template.h"
#include "tests/fuzz/fuzz_target.h"

using namespace flightdeck;

namespace {

jinja::Template::Variables conversation() {
  const auto json = jinja::value_from_json(
      R"({"messages": [{"role": "system", "content": " s "}, {"role": "user", "content": "Gr\u00fc\u00dfe <b>"}],
          "tools": [{"type": "function", "function": {"name": "f", "parameters": {"x": [1, 2.5, null, true]}}}],
          "add_generation_prompt": true, "n": 7, "s": "a b,c"})",
      "fuzz", jinja::Origin::user);
  jinja::Template::Variables made;
  for (const auto& [name, value] : json->dict()->entries()) made.emplace_back(name.text()->bytes(), value);
  return made;
}

void require_readable(std::string_view message) {
  FUZZ_REQUIRE(message.starts_with("fuzz: ") && message.size() < 1000);
  while (!message.empty()) {
    const size_t length = utf8_length(message);
    FUZZ_REQUIRE(length > 0);
    message.remove_prefix(length);
  }
}

}  // namespace

/// Rendered: the user's spans are sorted and lie within the text, which keeps its limit. Else: the message is short and
/// valid UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  jinja::Limits limits;
  limits.steps = 200'000;
  limits.output_bytes = 1 << 20;
  const auto parsed = jinja::Template::parse({reinterpret_cast<const char*>(data), size}, "fuzz", limits);
  const auto text = parsed ? parsed->render(conversation(), std::tm{}) : tl::unexpected(parsed.error());
  fuzz_accepted = text.has_value();
  if (!text) {
    require_readable(text.error().message);
    return 0;
  }
  FUZZ_REQUIRE(text->size() <= limits.output_bytes);
  size_t end = 0;
  for (const auto& span : text->user_spans()) {
    FUZZ_REQUIRE(span.begin >= end && span.begin < span.end && span.end <= text->size());
    end = span.end;
  }
  return 0;
}
