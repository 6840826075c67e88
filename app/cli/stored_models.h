// A model of a store, by the name a person gives it.
#pragma once

#include <string>

#include "core/hub/library.h"

namespace flightdeck::cli {

struct StoredName {
  std::string name;      // OWNER/NAME, or a folder
  std::string source;    // empty: either hub
  std::string revision;  // a commit, its first letters, or a branch of ModelScope; empty: the only or newest one
};

/// Where no revision is named and several are there: the newest, or an error that says so.
enum class Several { newest, refused };
Result<CachedModel> findStored(const StoredName& wanted, Several several);

/// "a1b2c3d4e5f6" of a commit; other revisions as they are, safe to show.
std::string shortRevision(const std::string& revision);

}  // namespace flightdeck::cli
