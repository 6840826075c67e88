#include "core/jinja/text_tools.h"

#include <algorithm>

namespace flightdeck::jinja {
namespace {

bool ends_line(char32_t code) {
  return (code >= 10 && code <= 13) || (code >= 28 && code <= 30) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

}  // namespace

Cuts separator_cuts(std::string_view text, std::string_view separator, int64_t most, bool from_right) {
  Cuts cuts;
  size_t begin = 0, end = text.size();
  for (int64_t i = 0; most < 0 || i < most; ++i) {
    const size_t at = from_right ? text.substr(0, end).rfind(separator) : text.find(separator, begin);
    if (at == text.npos) break;
    cuts.push_back(from_right ? Text::Span{at + separator.size(), end} : Text::Span{begin, at});
    (from_right ? end : begin) = from_right ? at : at + separator.size();
  }
  cuts.push_back({begin, end});
  if (from_right) std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

Cuts blank_cuts(std::string_view text, int64_t most, bool from_right) {
  Cuts words;
  size_t begin = text.npos;
  for (size_t at = 0; at < text.size();) {
    const Character found = character_at(text, at);
    const bool blank = is_space(found.code);
    if (blank && begin != text.npos) words.push_back({begin, at}), begin = text.npos;
    if (!blank && begin == text.npos) begin = at;
    at += found.length;
  }
  if (begin != text.npos) words.push_back({begin, text.size()});
  const size_t cuts = static_cast<size_t>(std::max<int64_t>(most, 0));
  if (most < 0 || words.size() <= cuts + 1) return words;
  const size_t whole = words.size() - cuts - 1;  // so many words' cuts are not made
  if (from_right) {
    words[whole].begin = 0;
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(whole));
  } else {
    words.resize(cuts + 1);
    words.back().end = text.size();
  }
  return words;
}

Cuts line_cuts(std::string_view text, bool keep_ends) {
  Cuts lines;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const Character found = character_at(text, at);
    size_t next = at + found.length;
    if (ends_line(found.code)) {
      if (found.code == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back({begin, keep_ends ? next : at});
      begin = next;
    }
    at = next;
  }
  if (begin < text.size()) lines.push_back({begin, text.size()});
  return lines;
}

std::vector<Value> texts_of(const Text& text, const Cuts& cuts) {
  std::vector<Value> made;
  made.reserve(cuts.size());
  for (const auto& [begin, end] : cuts) made.emplace_back(text.slice(begin, end));
  return made;
}

Text stripped(const Text& text, const Value* characters, bool left, bool right, Budget& budget) {
  budget.charge_bytes(text.size());
  const bool blanks = !characters || characters->is_none();
  if (!blanks && !characters->text()) fail_render("strip() takes a text, not {}", characters->type_name());
  if (!blanks && characters->text()->empty()) return text;
  if (!blanks) budget.charge(characters->text()->size());
  const auto [begin, end] = strip_span(text.bytes(), blanks ? "" : characters->text()->bytes(), left, right);
  return text.slice(begin, end);
}

Text replaced(const Text& text, std::string_view old, const Text& fresh, int64_t most, Budget& budget) {
  Text made;
  size_t begin = 0;
  const std::vector<size_t> starts = old.empty() ? character_starts(text.bytes()) : std::vector<size_t>();
  for (int64_t i = 0; most < 0 || i < most; ++i) {
    if (old.empty() && static_cast<size_t>(i) >= starts.size()) break;
    const size_t at = old.empty() ? starts[static_cast<size_t>(i)] : text.bytes().find(old, begin);
    if (at == std::string::npos) break;
    if (made.size() + fresh.size() > budget.limits().output_bytes) budget.charge_bytes(made.size() + fresh.size());
    budget.charge(1 + fresh.size() / 32);
    made.append(text, begin, at);
    made.append(fresh);
    begin = at + old.size();
  }
  budget.charge_bytes(made.size() + text.size() - begin);
  made.append(text, begin, text.size());
  made.set_markup(text.is_markup());
  return made;
}

}  // namespace flightdeck::jinja
