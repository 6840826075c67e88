// Values as text: Python's str(), repr() and json.dumps(). Every byte is charged.
#pragma once

#include "core/jinja/budget.h"
#include "core/jinja/value.h"

namespace flightdeck::jinja {

/// Shortest digits that read back the same, in Python's notation: 1.0, 1e+16, nan.
std::string number_text(double value);

Text to_text(const Value& value, Budget& budget);
Text to_repr(const Value& value, Budget& budget);

struct JsonStyle {
  bool ensure_ascii = false, sort_keys = false;
  std::optional<std::string> indent;  // one level of it; none: all on one line
  std::optional<std::string> item_separator, key_separator;
};
Text to_json(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace flightdeck::jinja
