#include "core/jinja/text.h"

#include <algorithm>

#include "core/base/quote.h"

namespace flightdeck::jinja {

Origin Text::origin_at(size_t byte) const {
  const auto after =
      std::upper_bound(user_.begin(), user_.end(), byte, [](size_t at, const Span& span) { return at < span.end; });
  return after != user_.end() && after->begin <= byte ? Origin::user : Origin::model;
}

void Text::mark(size_t begin, size_t end) {
  if (begin == end) return;
  if (!user_.empty() && user_.back().end == begin) {
    user_.back().end = end;
  } else {
    user_.push_back({begin, end});
  }
}

void Text::append(std::string_view bytes, Origin origin) {
  if (origin == Origin::user) mark(bytes_.size(), bytes_.size() + bytes.size());
  bytes_ += bytes;
}

void Text::append(const Text& other, size_t begin, size_t end) {
  const size_t base = bytes_.size();
  auto span = std::upper_bound(other.user_.begin(), other.user_.end(), begin,
                               [](size_t at, const Span& each) { return at < each.end; });
  for (; span != other.user_.end() && span->begin < end; ++span)
    mark(base + std::max(span->begin, begin) - begin, base + std::min(span->end, end) - begin);
  bytes_.append(other.bytes_, begin, end - begin);
}

Text Text::slice(size_t begin, size_t end) const {
  Text part;
  part.append(*this, begin, end);
  part.markup_ = markup_;
  return part;
}

Character character_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[at + i])); };
  const size_t length = utf8_length(text.substr(at, 4));
  switch (length) {
    case 1:
      return {byte(0), 1};
    case 2:
      return {(byte(0) & 0x1f) << 6 | (byte(1) & 0x3f), 2};
    case 3:
      return {(byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
    case 4:
      return {(byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
    default:
      return {0xfffd, 1};
  }
}

std::vector<size_t> character_starts(std::string_view text) {
  std::vector<size_t> starts;
  starts.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size(); at += character_at(text, at).length) starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

void append_utf8(std::string& text, char32_t code) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

bool is_space(char32_t code) {
  if (code < 0x80) return (code >= 9 && code <= 13) || (code >= 28 && code <= 32);
  return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
         code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

Text::Span strip_span(std::string_view text, std::string_view characters, bool left, bool right) {
  const auto goes = [&](size_t at) {
    const Character found = character_at(text, at);
    if (characters.empty()) return is_space(found.code);
    const std::string_view spelled = text.substr(at, found.length);
    for (size_t i = 0; i < characters.size(); i += character_at(characters, i).length)
      if (characters.substr(i).starts_with(spelled)) return true;
    return false;
  };
  size_t begin = 0, end = text.size();
  if (left)
    while (begin < end && goes(begin)) begin += character_at(text, begin).length;
  while (right && end > begin) {
    size_t last = end - 1;  // back over continuation bytes to the character's first
    while (last > begin && end - last < 4 && (static_cast<uint8_t>(text[last]) & 0xc0) == 0x80) --last;
    if (last + character_at(text, last).length != end) last = end - 1;
    if (!goes(last)) break;
    end = last;
  }
  return {begin, end};
}

}  // namespace flightdeck::jinja
