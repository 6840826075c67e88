// Upper and lower case, kept character by character with who wrote it.
#pragma once

#include <functional>

#include "core/jinja/budget.h"
#include "core/jinja/text.h"

namespace flightdeck::jinja {

/// `words` begin after blanks, hyphens and open brackets (the filter), those of `title` after any non-letter (the
/// method).
enum class Case : uint8_t { upper, lower, capitalized, title, words, swapped };
Text with_case(const Text& text, Case wanted, Budget& budget);

bool is_upper(char32_t code);
bool is_lower(char32_t code);
bool is_letter(char32_t code);
bool is_digit(char32_t code);
/// Not empty, and every character is.
bool all_of(std::string_view text, const std::function<bool(char32_t)>& is);
/// Python's isupper() and islower(): some cased character, none of the other case.
bool all_cased(std::string_view text, bool upper);

}  // namespace flightdeck::jinja
