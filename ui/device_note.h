// What the user is told about the device chosen in the settings.
#pragma once

#include <QString>
#include <string>
#include <vector>

#include "ui/services.h"

namespace flightdeck {

/// `chosen`: "auto", "cpu", "cuda:0". Why it is not what engines run on, and what happens instead; empty: all is well.
QString deviceNote(const std::string& chosen, const std::vector<DeviceFacts>& devices);

}  // namespace flightdeck
