// A template and its variables, as JSON, in one call.
#pragma once

#include "core/jinja/template.h"
#include "tests/support/expect_error.h"

namespace flightdeck::test {

/// 10 July 2025, 12:00, a Thursday.
inline std::tm fixed_time() {
  std::tm now{};
  now.tm_year = 125, now.tm_mon = 6, now.tm_mday = 10, now.tm_hour = 12, now.tm_wday = 4, now.tm_yday = 190;
  return now;
}

inline jinja::Template::Variables variables(const std::string& json, jinja::Origin strings = jinja::Origin::user) {
  jinja::Template::Variables made;
  const auto values = jinja::value_from_json(json, "variables", strings);
  for (const auto& [name, value] : values.value().dict()->entries()) made.emplace_back(name.text()->bytes(), value);
  return made;
}

inline Result<jinja::Text> rendered(const std::string& source, const std::string& json = "{}",
                                    const jinja::Limits& limits = {}) {
  TRY(const jinja::Template parsed, jinja::Template::parse(source, "test", limits));
  return parsed.render(variables(json), fixed_time());
}

}  // namespace flightdeck::test
