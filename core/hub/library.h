// All models of this machine, those on a disk that is not there now included.
#pragma once

#include <string>
#include <vector>

#include "core/hub/model_store.h"

namespace flightdeck {

struct LibraryModel {
  CachedModel model;
  bool is_offline = false;  // its store is gone for now; as it was seen last
};

/// cached_models(), and of a store that is not there what it held last; remembered in data_dir()/library.json.
/// Reads folders: not for the GUI thread.
std::vector<LibraryModel> library();

/// Whether a store's folder is there with something in it. An unplugged disk leaves no folder, or an empty one where it
/// was mounted.
bool is_store_there(const std::string& root);

}  // namespace flightdeck
