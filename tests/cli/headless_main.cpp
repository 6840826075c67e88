// The command line without a window, for builds without Qt Widgets.
#include <cstdio>

#include "app/cli/command_line.h"

int main(int argc, char** argv) {
  if (const auto code = flightdeck::cli::runCommandLine(argc, argv)) return *code;
  std::fputs("flightdeck: this build has no window; 'flightdeck --help' lists the commands\n", stderr);
  return 2;
}
