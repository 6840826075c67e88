#include "core/jinja/text_case.h"

#include <utf8proc.h>

namespace flightdeck::jinja {
namespace {

constexpr char32_t sharp_s = 0xdf;

utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }
char32_t upper(char32_t code) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))); }
char32_t lower(char32_t code) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))); }

std::string changed(char32_t code, bool to_upper) {
  if (code == sharp_s && to_upper) return "SS";
  std::string made;
  append_utf8(made, to_upper ? upper(code) : lower(code));
  return made;
}

bool parts_words(char32_t code) {
  return is_space(code) || std::u32string_view(U"-({[<").find(code) != std::u32string_view::npos;
}

}  // namespace

bool is_upper(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t code) { return category(code) == UTF8PROC_CATEGORY_LL; }
bool is_letter(char32_t code) {
  const auto found = category(code);
  return found >= UTF8PROC_CATEGORY_LU && found <= UTF8PROC_CATEGORY_LO;
}
bool is_digit(char32_t code) { return category(code) == UTF8PROC_CATEGORY_ND; }

bool all_of(std::string_view text, const std::function<bool(char32_t)>& is) {
  for (size_t at = 0; at < text.size();) {
    const Character found = character_at(text, at);
    if (!is(found.code)) return false;
    at += found.length;
  }
  return !text.empty();
}

bool all_cased(std::string_view text, bool want_upper) {
  bool some = false;
  for (size_t at = 0; at < text.size();) {
    const Character found = character_at(text, at);
    if (want_upper ? is_lower(found.code) : is_upper(found.code)) return false;
    some |= want_upper ? is_upper(found.code) : is_lower(found.code);
    at += found.length;
  }
  return some;
}

Text with_case(const Text& text, Case wanted, Budget& budget) {
  budget.charge_bytes(text.size());
  Text made;
  bool in_word = false;
  for (size_t at = 0; at < text.size();) {
    const Character found = character_at(text.bytes(), at);
    const bool first = wanted == Case::title || wanted == Case::words ? !in_word : at == 0;
    const bool to_upper = wanted == Case::upper || (wanted == Case::swapped && is_lower(found.code)) ||
                          (first && wanted != Case::lower && wanted != Case::swapped);
    const bool broken = found.length == 1 && found.code >= 0x80;
    if (broken) {
      made.append(text, at, at + 1);
    } else {
      made.append(changed(found.code, to_upper), text.origin_at(at));
    }
    in_word = wanted == Case::words ? !parts_words(found.code) : is_letter(found.code);
    at += found.length;
  }
  made.set_markup(text.is_markup());
  return made;
}

}  // namespace flightdeck::jinja
