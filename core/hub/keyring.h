// The desktop's keyring (Secret Service). One of keyring/libsecret.cpp and keyring/none.cpp is compiled in; the library
// behind the first is loaded when it is asked for, so that the program starts on a machine without it.
#pragma once

#include <optional>

#include "core/hub/credentials.h"

namespace flightdeck::keyring {

/// Blocks while the desktop asks for the keyring's password, seconds at most; not for the GUI thread. Nothing when the
/// keyring holds none, or when there is no keyring.
Result<std::optional<Token>> look_up(HubKind hub);
/// `unsupported` when there is no keyring here, `unreachable` when its bus does not answer.
Result<void> store(HubKind hub, const Token& token);
/// Success also when there was nothing to remove.
Result<void> forget(HubKind hub);

}  // namespace flightdeck::keyring
