// The program without a window: `flightdeck build …`, `flightdeck run …`. Main thread only.
#pragma once

#include <optional>

namespace flightdeck::cli {

/// Runs the command that the arguments name and returns the exit code: 0 only on success, 130 after Ctrl-C, 2 for
/// arguments that make no sense. Nothing when there are no arguments: the window is wanted.
std::optional<int> runCommandLine(int argc, char** argv);

}  // namespace flightdeck::cli
