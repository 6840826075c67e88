#include "core/jinja/string_literal.h"

#include <charconv>

#include "core/jinja/text.h"

namespace flightdeck::jinja {
namespace {

/// Reads `digits` digits of a number to the base 16; the code point or none.
std::optional<char32_t> hex(std::string_view text, size_t digits) {
  uint32_t code = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, code, 16);
  if (error != std::errc() || end != text.data() + digits) return std::nullopt;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return std::nullopt;  // half a character has no UTF-8
  return code;
}

char simple_escape(char letter) {
  static constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
  const size_t found = letters.find(letter);
  return found == letters.npos ? '\0' : meanings[found];
}

}  // namespace

std::optional<std::string> unescaped(std::string_view text, std::string& wrong) {
  std::string value;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      value += text[at];
      continue;
    }
    const char letter = text[++at];
    if (const char simple = simple_escape(letter)) {
      value += simple;
    } else if (letter == '\n') {
      continue;
    } else if (letter >= '0' && letter <= '7') {
      char32_t code = 0;
      size_t count = 0;
      for (; count < 3 && at + count < text.size() && text[at + count] >= '0' && text[at + count] <= '7'; ++count)
        code = code * 8 + static_cast<char32_t>(text[at + count] - '0');
      append_utf8(value, code);
      at += count - 1;
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      const size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
      const auto code = hex(text.substr(at + 1), digits);
      if (!code)
        return wrong = "this string has a \\" + std::string(1, letter) + " without a character's number", std::nullopt;
      append_utf8(value, *code);
      at += digits;
    } else if (letter == 'N') {
      return wrong = "this string names a character by \\N: write it as \\u and its number", std::nullopt;
    } else {
      value += '\\';
      value += letter;
    }
  }
  return value;
}

}  // namespace flightdeck::jinja
