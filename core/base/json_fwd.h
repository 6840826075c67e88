// The name Json alone: headers that only pass it on include this and cost their users nothing.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace flightdeck {

using Json = nlohmann::json;

}  // namespace flightdeck
