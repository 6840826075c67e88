// Logs of the whole program: warnings on stderr, everything of interest in state_dir()/flightdeck.log.
#pragma once

#include <spdlog/spdlog.h>

namespace flightdeck {

/// Sets spdlog's default logger. stderr: warnings (verbose: debug), colours on a terminal unless NO_COLOR is set;
/// file: info (verbose: debug), three files of 2 MiB. A log folder that cannot be written costs a warning, nothing
/// more. Call once, early, from the main thread; logging itself is thread-safe.
void init_logging(bool verbose);

}  // namespace flightdeck
