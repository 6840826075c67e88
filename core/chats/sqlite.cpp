#include "core/chats/sqlite.h"

#include <cerrno>

namespace flightdeck::sqlite {
namespace {

tl::unexpected<Error> error_of(sqlite3* database, const std::string& path, int code) {
  const int reason = code & 0xff;
  const int system = database ? sqlite3_system_errno(database) : 0;
  const std::string text = database ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  if (reason == SQLITE_FULL || (reason == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT)))
    return fail(ErrorKind::no_space, "{}: the disk is full: free some space and try again, what was saved is safe",
                path);
  if (reason == SQLITE_BUSY || reason == SQLITE_LOCKED)
    return fail(ErrorKind::busy, "{}: another program uses it ({}): close that program", path, text);
  if (reason == SQLITE_CORRUPT || reason == SQLITE_NOTADB)
    return fail(ErrorKind::corrupt, "{}: the chat database is damaged ({}): start the program again to repair it", path,
                text);
  if (reason == SQLITE_READONLY || reason == SQLITE_PERM || reason == SQLITE_CANTOPEN || reason == SQLITE_AUTH)
    return fail(ErrorKind::io, "{}: cannot be opened for writing ({}): check the folder and its permissions", path,
                text);
  return fail(ErrorKind::io, "{}: {} (SQLite error {})", path, text, code);
}

}  // namespace

Statement& Statement::bind(int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), next_++, value);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  const char* data = value.data() ? value.data() : "";
  const int code = sqlite3_bind_text64(handle_.get(), next_++, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Result<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(handle_.get());
  if (bind_error_ != SQLITE_OK) return error_of(database, path_, bind_error_);
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = error_of(database, path_, code);
  sqlite3_reset(handle_.get());
  return error;
}

Result<void> Statement::run() {
  TRY_VOID(step());
  return {};
}

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (!data) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  Database database;
  database.path_ = path;
  const int access = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database.handle_.reset(handle);  // SQLite wants failed handles closed too
  if (code != SQLITE_OK) return error_of(handle, path, code);
  sqlite3_busy_timeout(handle, 5000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY_VOID(database.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON"));
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
  if (code != SQLITE_OK) return error_of(handle_.get(), path_, code);
  Statement statement;
  statement.handle_.reset(handle);
  statement.path_ = path_;
  return statement;
}

Result<void> Database::execute(const std::string& sql) const {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle_.get(), path_, code);
  return {};
}

Result<Transaction> Transaction::begin(const Database& database) {
  TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Result<void> Transaction::commit() {
  TRY_VOID(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

void Transaction::rollback() {
  // After some errors SQLite has rolled back by itself: then there is nothing left to do.
  if (database_ && sqlite3_get_autocommit(database_->handle_.get()) == 0) (void)database_->execute("ROLLBACK");
}

}  // namespace flightdeck::sqlite
