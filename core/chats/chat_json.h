// A chat's options and a message's numbers as the JSON texts in the database. Reading never fails: a field that is
// missing, of another type or out of its range has its default.
#pragma once

#include <string>

#include "core/chats/chat_store.h"

namespace flightdeck {

std::string options_to_json(const ChatOptions& options);
ChatOptions options_from_json(const std::string& text);

std::string stats_to_json(const RequestStats& stats);
RequestStats stats_from_json(const std::string& text);

}  // namespace flightdeck
