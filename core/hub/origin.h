// Which repository a folder of files came from.
#pragma once

#include <optional>
#include <string>

#include "core/hub/names.h"

namespace flightdeck {

struct ModelOrigin {
  HubKind hub = HubKind::hugging_face;
  RepoId repo;
  std::string revision;  // commit, or ModelScope's revision; empty: not known
};

/// By the folder's place in a cache, or by what a download into it noted. Nothing for folders from elsewhere.
std::optional<ModelOrigin> origin_of(const std::string& folder);
/// Notes it for a folder that no cache's layout speaks for.
Result<void> note_origin(const std::string& folder, const ModelOrigin& origin);

}  // namespace flightdeck
