// Template source → statements.
#pragma once

#include <string_view>

#include "core/jinja/ast.h"

namespace flightdeck::jinja {

/// Throws SyntaxFailure.
Body parse(std::string_view source, int max_depth);

}  // namespace flightdeck::jinja
