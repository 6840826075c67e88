// The style sheet of the window, made from the palette.
#pragma once

#include <QString>

#include "ui/theme.h"

namespace flightdeck {

/// Widgets choose a look by the dynamic property "look": primary, danger, quiet, chip, card, panel, raised, bubble,
/// field.
QString styleSheetFor(const Colors& colors);

}  // namespace flightdeck
