#include "core/jinja/lexer.h"

#include <algorithm>

#include "core/base/quote.h"
#include "core/jinja/string_literal.h"

namespace flightdeck::jinja {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_name_byte(char byte) {
  return is_digit(byte) || byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         static_cast<uint8_t>(byte) >= 0x80;
}

/// "\r\n" and "\r" are line ends; one at the very end is not part of the template.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t at = 0; at < source.size(); ++at) {
    if (source[at] != '\r') {
      text += source[at];
    } else if (at + 1 == source.size() || source[at + 1] != '\n') {
      text += '\n';
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalized(source)), rest_(source_) {}

  std::vector<Token> run() {
    while (!rest_.empty()) root();
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail_here(std::string message) const { throw SyntaxFailure{place(), std::move(message)}; }
  size_t offset() const { return static_cast<size_t>(rest_.data() - source_.data()); }

  /// Counts on from the last place asked for; columns count bytes.
  Position place() const {
    for (; counted_ < offset(); ++counted_) {
      if (source_[counted_] == '\n') ++line_, line_begin_ = counted_ + 1;
    }
    return {line_, static_cast<int>(offset() - line_begin_) + 1};
  }

  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), place()}); }

  void skip(size_t bytes) {
    if (bytes > 0) line_starting_ = rest_[bytes - 1] == '\n';
    rest_.remove_prefix(bytes);
  }
  void skip_space() { skip(strip_span(rest_, "", true, false).begin); }
  bool skip_if(std::string_view text) {
    const bool there = rest_.starts_with(text);
    if (there) skip(text.size());
    return there;
  }
  void skip_line_end() {
    if (rest_.starts_with('\n')) skip(1);
  }

  /// Plain text up to the next tag, then the tag.
  void root() {
    size_t tag = 0;
    for (;; ++tag) {
      tag = rest_.find('{', tag);
      if (tag == rest_.npos || tag + 1 == rest_.size()) {
        add(Token::Kind::data, std::string(rest_));
        return skip(rest_.size());
      }
      const char next = rest_[tag + 1];
      if (next == '{' || next == '%' || next == '#') break;
    }
    const char kind = rest_[tag + 1], sign = tag + 2 < rest_.size() ? rest_[tag + 2] : ' ';
    const bool signed_tag = sign == '-' || sign == '+';
    add_data(rest_.substr(0, tag), kind, sign);
    skip(tag);
    const Position at = place();
    if (kind == '%' && is_raw_begin(rest_)) return raw();
    skip(signed_tag ? 3 : 2);
    if (kind == '#') return comment();
    tokens_.push_back({kind == '{' ? Token::Kind::output_begin : Token::Kind::block_begin, "", at});
    inside(kind == '{');
  }

  void add_data(std::string_view text, char tag, char sign) {
    if (sign == '-') {
      text = text.substr(0, strip_span(text, "", false, true).end);
    } else if (sign != '+' && tag != '{') {
      const size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
      const bool at_line_start = line > 0 || line_starting_;
      if (at_line_start && text.find_first_not_of(" \t", line) == text.npos) text = text.substr(0, line);
    }
    if (!text.empty()) add(Token::Kind::data, std::string(text));
  }

  /// {%- raw %}
  static bool is_raw_begin(std::string_view text) { return block_length(text, "raw", false) > 0; }

  /// Length of `{% word %}` at the front with the white space it takes along; 0 when it is another tag.
  static size_t block_length(std::string_view text, std::string_view word, bool trims) {
    std::string_view rest = text;
    const auto skip_blank = [&] { rest.remove_prefix(strip_span(rest, "", true, false).begin); };
    if (!rest.starts_with("{%")) return 0;
    rest.remove_prefix(2);
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    skip_blank();
    if (!rest.starts_with(word)) return 0;
    rest.remove_prefix(word.size());
    skip_blank();
    const bool minus = rest.starts_with('-'), plus = trims && rest.starts_with('+');
    if (minus || plus) rest.remove_prefix(1);
    if (!rest.starts_with("%}")) return 0;
    rest.remove_prefix(2);
    if (minus) {
      skip_blank();
    } else if (trims && !plus && rest.starts_with('\n')) {
      rest.remove_prefix(1);
    }
    return text.size() - rest.size();
  }

  void raw() {
    skip(block_length(rest_, "raw", false));
    for (size_t end = rest_.find("{%"); end != rest_.npos; end = rest_.find("{%", end + 1)) {
      const size_t length = block_length(rest_.substr(end), "endraw", true);
      if (length == 0) continue;
      add_data(rest_.substr(0, end), '%', rest_[end + 2]);
      return skip(end + length);
    }
    fail_here("{% raw %} has no {% endraw %}");
  }

  void comment() {
    const size_t end = rest_.find("#}");
    if (end == rest_.npos) fail_here("this comment has no end: write #}");
    const char sign = end > 0 ? rest_[end - 1] : ' ';
    skip(end + 2);
    if (sign == '-') {
      skip_space();
    } else if (sign != '+') {
      skip_line_end();
    }
  }

  /// The tokens of an expression or a block up to its end.
  void inside(bool output) {
    std::vector<char> open;
    while (true) {
      skip_space();
      if (rest_.empty()) fail_here(output ? "this {{ has no }}" : "this {% has no %}");
      if (open.empty() && tag_end(output)) return;
      token(open);
    }
  }

  bool tag_end(bool output) {
    const std::string_view end = output ? "}}" : "%}";
    const char sign = rest_.front();
    const bool minus = sign == '-' && rest_.substr(1).starts_with(end);
    const bool plus = !output && sign == '+' && rest_.substr(1).starts_with(end);
    if (!minus && !plus && !rest_.starts_with(end)) return false;
    add(output ? Token::Kind::output_end : Token::Kind::block_end, "");
    skip(minus || plus ? 3 : 2);
    if (minus) {
      skip_space();
    } else if (!output && !plus) {
      skip_line_end();
    }
    return true;
  }

  void token(std::vector<char>& open) {
    const char first = rest_.front();
    if (is_digit(first)) return number();
    if (first == '"' || first == '\'') return string_literal();
    if (is_name_byte(first)) {
      size_t length = 1;
      while (length < rest_.size() && is_name_byte(rest_[length])) ++length;
      add(Token::Kind::name, std::string(rest_.substr(0, length)));
      return skip(length);
    }
    for (const std::string_view symbol : {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                          "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"}) {
      if (!rest_.starts_with(symbol)) continue;
      balance(symbol, open);
      add(Token::Kind::symbol, std::string(symbol));
      return skip(symbol.size());
    }
    fail_here("unexpected character " + quote(rest_.substr(0, character_at(rest_, 0).length)));
  }

  void balance(std::string_view symbol, std::vector<char>& open) const {
    const char c = symbol.front();
    if (symbol == "(" || symbol == "[" || symbol == "{") open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (symbol != ")" && symbol != "]" && symbol != "}") return;
    if (open.empty()) fail_here(fmt::format("unexpected '{}'", c));
    if (open.back() != c) fail_here(fmt::format("unexpected '{}', expected '{}'", c, open.back()));
    open.pop_back();
  }

  size_t digits(size_t at) const {
    while (at < rest_.size() &&
           (is_digit(rest_[at]) || (rest_[at] == '_' && at + 1 < rest_.size() && is_digit(rest_[at + 1]))))
      ++at;
    return at;
  }

  void number() {
    size_t end = digits(0);
    bool real = false;
    const bool after_dot = !tokens_.empty() && tokens_.back().is(".");
    if (!after_dot && end + 1 < rest_.size() && rest_[end] == '.' && is_digit(rest_[end + 1]))
      end = digits(end + 1), real = true;
    if (end + 1 < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      size_t exponent = end + 1;
      if (rest_[exponent] == '+' || rest_[exponent] == '-') ++exponent;
      if (exponent < rest_.size() && is_digit(rest_[exponent])) end = digits(exponent), real = true;
    }
    std::string text(rest_.substr(0, end));
    std::erase(text, '_');
    add(real ? Token::Kind::real : Token::Kind::integer, std::move(text));
    skip(end);
  }

  void string_literal() {
    const char mark = rest_.front();
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != mark) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) fail_here("this string has no end");
    std::string wrong;
    const auto value = unescaped(rest_.substr(1, end - 1), wrong);
    if (!value) fail_here(wrong);
    add(Token::Kind::text, *value);
    skip(end + 1);
  }

  std::string source_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  bool line_starting_ = true;
  mutable size_t counted_ = 0, line_begin_ = 0;
  mutable int line_ = 1;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace flightdeck::jinja
