#include "core/base/quote.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// Whether `text`, which is no whole character, can become one when more bytes follow.
bool is_beginning(std::string_view text) {
  std::string probe(text);
  for (const char next : {'\x80', '\x90', '\xa0'}) {  // one of them continues every valid beginning
    probe.resize(text.size());
    probe += next;
    while (probe.size() < 4 && utf8_length(probe) == 0) probe += '\x80';
    if (utf8_length(probe) == probe.size()) return true;
  }
  return false;
}

/// Moves what is decided from the front of `pending` into text; an invalid part becomes one U+FFFD for as many bytes as
/// began a character (Unicode 3.9, maximal subparts).
std::string take_decided(std::string& pending, bool last) {
  std::string text;
  std::string_view rest = pending;
  while (!rest.empty()) {
    if (const size_t length = utf8_length(rest)) {
      text += rest.substr(0, length);
      rest.remove_prefix(length);
      continue;
    }
    size_t begun = 1;
    if (is_beginning(rest.substr(0, 1)))
      while (begun < rest.size() && is_beginning(rest.substr(0, begun + 1))) ++begun;
    if (!last && begun == rest.size() && is_beginning(rest)) break;
    text += replacement;
    rest.remove_prefix(begun);
  }
  pending = std::string(rest);
  return text;
}

}  // namespace

std::string StreamingDetokenizer::push(int32_t id) {
  std::string bytes = tokenizer_.token_bytes(id);
  if (bytes.empty()) return {};
  if (strip_space_ && bytes.front() == ' ') bytes.erase(0, 1);
  strip_space_ = false;
  pending_ += bytes;
  return take_decided(pending_, false);
}

std::string StreamingDetokenizer::finish() { return take_decided(pending_, true); }

}  // namespace flightdeck
