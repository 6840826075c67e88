// Filters by name, in two files: of single values, of sequences. Internal to this folder.
#pragma once

#include <map>
#include <string_view>

#include "core/jinja/function.h"

namespace flightdeck::jinja {

using Natives = std::map<std::string_view, Native>;

const Natives& value_filters();
const Natives& sequence_filters();

}  // namespace flightdeck::jinja
