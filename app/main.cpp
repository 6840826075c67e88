// The composition root: a command is run without Qt, else the window is built on the real services.
#include <QApplication>
#include <cstdio>
#include <cstdlib>

#include "app/cli/command_line.h"
#include "app/services.h"
#include "core/base/logging.h"
#include "ui/application.h"

namespace {

constexpr int kNoDisplay = 2;

bool isSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

/// QT_QPA_PLATFORM names a way to draw that may need no display (offscreen, vnc).
bool hasDisplay() { return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") || isSet("QT_QPA_PLATFORM"); }

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = flightdeck::cli::runCommandLine(argc, argv)) return *code;
  if (!hasDisplay()) {
    std::fputs(
        "flightdeck: there is no display here (DISPLAY and WAYLAND_DISPLAY are empty), so no window can open.\n"
        "The same program works in a terminal: 'flightdeck --help' lists the commands.\n",
        stderr);
    return kNoDisplay;
  }
  flightdeck::init_logging(false);
  QApplication app(argc, argv);
  return flightdeck::runWindow(app, flightdeck::makeServices());
}
