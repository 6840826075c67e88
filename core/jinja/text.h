// A string whose every byte knows who wrote it: the template or the user's messages. Values; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flightdeck::jinja {

enum class Origin : uint8_t { model, user };

class Text {
 public:
  struct Span {
    size_t begin = 0, end = 0;
  };

  Text() = default;
  explicit Text(std::string_view bytes, Origin origin = Origin::model) { append(bytes, origin); }

  const std::string& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  Origin origin_at(size_t byte) const;
  /// The user's bytes: sorted, disjoint, not empty.
  const std::vector<Span>& user_spans() const { return user_; }

  void append(std::string_view bytes, Origin origin);
  void append(const Text& other) { append(other, 0, other.size()); }
  void append(const Text& other, size_t begin, size_t end);
  Text slice(size_t begin, size_t end) const;
  void reserve(size_t bytes) { bytes_.reserve(bytes); }

  /// What `|safe` leaves behind: `+` then escapes the other side for HTML, as Python's Markup does.
  bool is_markup() const { return markup_; }
  void set_markup(bool markup) { markup_ = markup; }

 private:
  void mark(size_t begin, size_t end);

  std::string bytes_;
  std::vector<Span> user_;
  bool markup_ = false;
};

/// Offsets of the characters' first bytes, and the size as the last; broken UTF-8 counts byte by byte.
std::vector<size_t> character_starts(std::string_view text);
/// The character at `at` (broken UTF-8: the byte as U+FFFD) and its length in bytes.
struct Character {
  char32_t code = 0;
  size_t length = 1;
};
Character character_at(std::string_view text, size_t at);
void append_utf8(std::string& text, char32_t code);

/// Python's str.isspace() of one character.
bool is_space(char32_t code);

/// The ends of what str.strip() leaves; `characters` empty: white space.
Text::Span strip_span(std::string_view text, std::string_view characters, bool left, bool right);

}  // namespace flightdeck::jinja
