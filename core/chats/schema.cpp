#include "core/chats/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/file.h"

namespace flightdeck {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Transaction;

// The order of the columns is also what salvage.cpp recognises rows by.
constexpr const char* tables = R"sql(
CREATE TABLE conversations(
  id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, pinned INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, draft TEXT NOT NULL DEFAULT '',
  options TEXT NOT NULL DEFAULT '', head INTEGER NOT NULL DEFAULT 0,
  deleted_ms INTEGER);  -- NULL: not in the trash
CREATE TABLE messages(
  id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
  parent INTEGER NOT NULL DEFAULT 0, role INTEGER NOT NULL, text TEXT NOT NULL, state INTEGER NOT NULL,
  engine TEXT NOT NULL DEFAULT '', finish INTEGER NOT NULL DEFAULT 0, stats TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '', created_ms INTEGER NOT NULL);
CREATE INDEX messages_of_conversation ON messages(conversation, id);
)sql";

// Trigrams find parts of words and of Chinese text alike; the index holds no second copy of the texts. No triggers fill
// it: with an untrusted schema (sqlite.cpp) SQLite keeps them from virtual tables.
constexpr const char* search_index = R"sql(
CREATE VIRTUAL TABLE messages_search USING fts5(text, content='messages', content_rowid='id', tokenize='trigram');
INSERT INTO messages_search(messages_search) VALUES('rebuild');
)sql";

Result<int64_t> schema_version(const Database& database) { return database.integer("PRAGMA user_version", 0); }

/// SQLite reads what is missing of a last page as zeros. While there is a log the file may be behind it.
Result<void> check_size(const Database& database, uintmax_t bytes) {
  std::error_code error;
  const uintmax_t log_bytes = fs::file_size(database.path() + "-wal", error);
  if (!error && log_bytes > 0) return {};
  TRY(const int64_t page_bytes, database.integer("PRAGMA page_size", 4096));
  if (bytes % static_cast<uintmax_t>(page_bytes) != 0)
    return fail(ErrorKind::corrupt, "{}: damaged: {} bytes are no whole number of pages", database.path(), bytes);
  return {};
}

Result<void> check_tables(const Database& database, int64_t version) {
  for (const char* sql :
       {"SELECT id, title, pinned, created_ms, updated_ms, sequence, draft, options, head, deleted_ms "
        "FROM conversations LIMIT 1",
        "SELECT id, conversation, parent, role, text, state, engine, finish, stats, error, created_ms "
        "FROM messages LIMIT 1",
        "SELECT rowid FROM messages_search LIMIT 1"}) {
    if (version == 1 && std::strstr(sql, "search")) continue;
    const auto statement = database.prepare(sql);
    if (!statement)
      return fail(ErrorKind::corrupt, "{}: its tables are damaged: {}", database.path(), statement.error().message);
  }
  return {};
}

/// ErrorKind::corrupt when the file is damaged or its tables are not ours.
Result<void> check_content(const Database& database, int64_t version) {
  constexpr uintmax_t quickly_checked_bytes = 64u << 20;  // larger files would hold up the start
  std::error_code ignored;
  const uintmax_t bytes = fs::file_size(database.path(), ignored);
  TRY_VOID(check_size(database, bytes));
  TRY(const int64_t table_count, database.integer("SELECT COUNT(*) FROM sqlite_schema", 0));
  if (version < 0 || (version == 0 && table_count > 0))
    return fail(ErrorKind::corrupt, "{}: has {} tables but no version of ours", database.path(), table_count);
  if (bytes <= quickly_checked_bytes) {
    TRY(auto check, database.prepare("PRAGMA quick_check(1)"));
    TRY(const bool row, check.step());
    if (!row || check.text(0) != "ok")
      return fail(ErrorKind::corrupt, "{}: damaged ({})", database.path(), row ? check.text(0) : "no answer");
  }
  return version == 0 ? Result<void>() : check_tables(database, version);
}

/// Looked at read-only: a newer program's file and a damaged one stay byte for byte what they are.
Result<void> check_file(const std::string& path) {
  TRY(const Database database, Database::open(path, Database::Mode::read_only));
  TRY(const int64_t version, schema_version(database));
  if (version > chat_schema_version)
    return fail(
        ErrorKind::unsupported,
        "{}: written by a newer Flightdeck (schema {}, this one knows {}): update the program, the file was left "
        "as it is",
        path, version, chat_schema_version);
  return check_content(database, version);
}

Result<void> sync_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool ok = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!ok) return fail(ErrorKind::io, "{}: cannot be written: {}", path, std::strerror(error));
  return {};
}

Result<void> back_up(const Database& database, int64_t version) {
  const std::string backup = fmt::format("{}.v{}.bak", database.path(), version), partial = backup + ".partial";
  std::error_code error;
  fs::remove(partial, error);
  TRY_VOID(database.run("VACUUM INTO ?", partial));
  TRY_VOID(sync_file(partial));
  fs::rename(partial, backup, error);
  if (error) return fail(ErrorKind::io, "{}: cannot be created: {}", backup, error.message());
  return sync_directory(fs::path(backup).parent_path().string());
}

Result<void> migrate(const Database& database) {
  TRY(const int64_t version, schema_version(database));
  if (version > 0 && version < chat_schema_version) TRY_VOID(back_up(database, version));
  for (int64_t from = version; from < chat_schema_version; ++from) {
    TRY(Transaction transaction, Transaction::begin(database));
    TRY_VOID(database.execute(chat_migration(from)));
    TRY_VOID(database.execute(fmt::format("PRAGMA user_version = {}", from + 1)));
    TRY_VOID(transaction.commit());
  }
  return {};
}

}  // namespace

const char* chat_migration(int64_t from) { return from == 0 ? tables : search_index; }

Result<Database> open_chat_database(const std::string& path) {
  std::error_code ignored;
  const bool is_new = !fs::exists(path, ignored) || fs::file_size(path, ignored) == 0;
  if (!is_new) TRY_VOID(check_file(path));
  TRY(Database database, Database::open(path, Database::Mode::read_write));
  TRY_VOID(database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
  TRY_VOID(migrate(database));
  if (is_new) TRY_VOID(sync_directory(fs::absolute(path, ignored).parent_path().string()));
  return database;
}

}  // namespace flightdeck
