// SQLite's C interface as values: handles that close themselves, errors as Result. Not thread-safe, as its connections.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck::sqlite {

/// One prepared statement. Parameters are numbered from 1, columns from 0; a column of another type reads as its
/// conversion, NULL as 0 or empty: one bad field never blocks a row.
class Statement {
 public:
  Statement& bind(int64_t value);
  Statement& bind(std::string_view value);
  /// Goes to the next row; false when there is none.
  Result<bool> step();
  /// step() of a statement that returns no rows.
  Result<void> run();

  int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string text(int column) const;
  bool is_null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  std::string path_;
  int next_ = 1;
  int bind_error_ = SQLITE_OK;
};

class Database {
 public:
  enum class Mode : uint8_t { read_only, read_write };
  static Result<Database> open(const std::string& path, Mode mode);

  Result<Statement> prepare(std::string_view sql) const;
  Result<void> execute(const std::string& sql) const;

  /// One statement without rows, its parameters bound in order.
  template <class... Values>
  Result<void> run(std::string_view sql, const Values&... values) const {
    TRY(Statement statement, prepare(sql));
    (statement.bind(values), ...);
    return statement.run();
  }
  /// The integer of the first row, or `fallback` where there is no row.
  template <class... Values>
  Result<int64_t> integer(std::string_view sql, int64_t fallback, const Values&... values) const {
    TRY(Statement statement, prepare(sql));
    (statement.bind(values), ...);
    TRY(const bool row, statement.step());
    return row ? statement.integer(0) : fallback;
  }

  int64_t last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  int changes() const { return sqlite3_changes(handle_.get()); }
  const std::string& path() const { return path_; }

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
};

/// Everything between begin() and commit(), or nothing.
class Transaction {
 public:
  static Result<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction() { rollback(); }
  Result<void> commit();

 private:
  explicit Transaction(const Database* database) : database_(database) {}
  void rollback();
  const Database* database_;
};

}  // namespace flightdeck::sqlite
