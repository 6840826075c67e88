#include "core/jinja/function.h"

#include <algorithm>

#include "core/base/quote.h"
#include "core/jinja/budget.h"

namespace flightdeck::jinja {

const Value* Parameters::next(std::string_view name) {
  if (position_ < arguments_.positional.size()) return &arguments_.positional[position_++];
  const auto named = std::find_if(arguments_.named.begin(), arguments_.named.end(),
                                  [&](const auto& argument) { return argument.first == name; });
  if (named == arguments_.named.end()) return nullptr;
  ++named_used_;
  return &named->second;
}

const Value& Parameters::required(std::string_view name) {
  const Value* value = next(name);
  if (!value) fail_render("{} needs its argument '{}'", callee_, name);
  return *value;
}

const Text& Parameters::text(std::string_view name) {
  const Value& value = required(name);
  if (value.is_undefined()) fail_render("{}: {}", callee_, value.undefined_what());
  if (!value.text()) fail_render("{}: '{}' must be text, not {}", callee_, name, value.type_name());
  return *value.text();
}

int64_t Parameters::integer(std::string_view name) {
  const Value& value = required(name);
  if (!value.whole()) fail_render("{}: '{}' must be a whole number, not {}", callee_, name, value.type_name());
  return *value.whole();
}

int64_t Parameters::integer(std::string_view name, int64_t fallback) {
  const Value* value = next(name);
  if (!value) return fallback;
  if (!value->whole()) fail_render("{}: '{}' must be a whole number, not {}", callee_, name, value->type_name());
  return *value->whole();
}

bool Parameters::truth(std::string_view name, bool fallback) {
  const Value* value = next(name);
  return value ? value->truthy() : fallback;
}

void Parameters::end() const {
  if (position_ < arguments_.positional.size())
    fail_render("{} takes at most {} arguments, {} given", callee_, position_, arguments_.positional.size());
  if (named_used_ < arguments_.named.size())
    fail_render("{} has no argument for one of those given by name (the first is {})", callee_,
                quote(arguments_.named.front().first, 40));
}

}  // namespace flightdeck::jinja
