#pragma once

namespace flightdeck {

/// The program's version; the same number stands in project() of CMakeLists.txt.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace flightdeck
