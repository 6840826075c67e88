// The escapes of a string in a template: Python's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace flightdeck::jinja {

/// None with `wrong` filled when an escape means nothing.
std::optional<std::string> unescaped(std::string_view text, std::string& wrong);

}  // namespace flightdeck::jinja
