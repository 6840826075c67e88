#include "core/base/quote.h"

#include <fmt/format.h>

#include <cstdint>

namespace flightdeck {
namespace {

/// The code point of the character at the front, whose length is known to be valid.
uint32_t code_point(std::string_view text, size_t length) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (length == 1) return byte(0);
  uint32_t point = byte(0) & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3fu);
  return point;
}

bool must_escape(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x2069) || point == 0xfeff;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
  if (first == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
  if (first == 0xf0 && byte(1) < 0x90) return 0;   // overlong
  if (first == 0xf4 && byte(1) >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

std::string quote(std::string_view untrusted, size_t max_bytes) {
  std::string out = "'";
  size_t at = 0;
  while (at < untrusted.size() && out.size() <= max_bytes) {
    const size_t length = utf8_length(untrusted.substr(at));
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(untrusted[at]));
      ++at;
      continue;
    }
    const uint32_t point = code_point(untrusted.substr(at), length);
    if (must_escape(point))
      out += fmt::format("\\u{{{:x}}}", point);
    else
      out += untrusted.substr(at, length);
    at += length;
  }
  return out + (at < untrusted.size() ? "…'" : "'");
}

}  // namespace flightdeck
