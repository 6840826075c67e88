// The window's services as they really are: chats in data_dir(), engines on this machine's devices.
#pragma once

#include "ui/services.h"

namespace flightdeck {

Services makeServices();

}  // namespace flightdeck
