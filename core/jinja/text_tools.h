// What several methods and filters do with a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/budget.h"
#include "core/jinja/value.h"

namespace flightdeck::jinja {

using Cuts = std::vector<Text::Span>;

/// Places of the parts between separators; at most `most` cuts, all of them when it is negative.
Cuts separator_cuts(std::string_view text, std::string_view separator, int64_t most, bool from_right);
/// Words between white space.
Cuts blank_cuts(std::string_view text, int64_t most, bool from_right);
/// Lines, ended by any of Unicode's line ends.
Cuts line_cuts(std::string_view text, bool keep_ends);
std::vector<Value> texts_of(const Text& text, const Cuts& cuts);

/// `characters` null or none: white space goes.
Text stripped(const Text& text, const Value* characters, bool left, bool right, Budget& budget);
Text replaced(const Text& text, std::string_view old, const Text& fresh, int64_t most, Budget& budget);

}  // namespace flightdeck::jinja
