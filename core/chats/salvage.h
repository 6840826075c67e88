// Reads rows out of a damaged chat database page by page, without SQLite: whatever is broken elsewhere, a leaf page
// that is whole gives its rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace flightdeck {

struct SalvagedConversation {
  int64_t id = 0;
  std::string title, draft, options;
  int64_t pinned = 0, created_ms = 0, updated_ms = 0, sequence = 0, head = 0;
  std::optional<int64_t> deleted_ms;
};

struct SalvagedMessage {
  int64_t id = 0, conversation = 0, parent = 0, role = 0, state = 0, finish = 0, created_ms = 0;
  std::string text, engine, stats, error;
};

struct SalvagedChats {
  std::vector<SalvagedConversation> conversations;  // by id
  std::vector<SalvagedMessage> messages;            // by id
};

/// `file` and its write-ahead log (may be empty). Never fails: there may just be nothing.
SalvagedChats salvage_chats(std::string_view file, std::string_view log);

/// Puts a repaired database in the place of the damaged one, which is kept as <path>.bad (.bad.2, … when there is one).
/// Returns what to tell the user. Nothing may have the database open.
Result<std::string> repair_chat_database(const std::string& path);

/// Ends a repair that was cut off between its two renames. To be called before the database is opened.
Result<void> finish_repair(const std::string& path);

}  // namespace flightdeck
