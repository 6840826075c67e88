// The tables of the chat database and how older ones become the newest.
#pragma once

#include "core/chats/sqlite.h"

namespace flightdeck {

constexpr int64_t chat_schema_version = 2;

/// The SQL that turns version `from` into the next one; version 0 is an empty file.
const char* chat_migration(int64_t from);

/// Opens for reading and writing, with every pragma that durability needs. Older schemas are migrated after a copy to
/// <path>.v<N>.bak; a newer one is ErrorKind::unsupported and a
/// damaged one ErrorKind::corrupt, both before anything is written.
Result<sqlite::Database> open_chat_database(const std::string& path);

}  // namespace flightdeck
