// Builds without libsecret: tokens are kept in a file.
#include "core/hub/keyring.h"

namespace flightdeck::keyring {

Result<std::optional<Token>> look_up(HubKind) { return std::optional<Token>(); }

Result<void> store(HubKind, const Token&) {
  return fail(ErrorKind::unsupported, "this build knows no keyring: the token goes to a file");
}

Result<void> forget(HubKind) { return {}; }

}  // namespace flightdeck::keyring
