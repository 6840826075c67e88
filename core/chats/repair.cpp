#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "core/base/file.h"
#include "core/chats/salvage.h"
#include "core/chats/schema.h"

namespace flightdeck {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr size_t max_file_bytes = size_t{4} << 30;

std::string salvaged_path(const std::string& path) { return path + ".salvaged"; }

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<std::string> read_if_there(const std::string& path) {
  if (!exists(path)) return std::string();
  return read_file(path, max_file_bytes);
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return fail(ErrorKind::io, "{}: cannot be renamed to {}: {}", from, to, error.message());
  return {};
}

Result<void> sync_folder_of(const std::string& path) {
  std::error_code ignored;
  return sync_directory(fs::absolute(path, ignored).parent_path().string());
}

void remove_database(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, ignored);
}

/// Messages whose conversation is lost get one again; every conversation's head is one of its messages.
void mend(SalvagedChats& chats) {
  std::map<int64_t, SalvagedConversation> conversations;
  int64_t sequence = 0;
  for (auto& conversation : chats.conversations) {
    sequence = std::max(sequence, conversation.sequence);
    conversations.emplace(conversation.id, std::move(conversation));
  }
  std::map<int64_t, std::set<int64_t>> messages_of;
  for (SalvagedMessage& message : chats.messages) {
    auto& earlier = messages_of[message.conversation];
    if (message.parent != 0 && !earlier.contains(message.parent))
      message.parent = earlier.empty() ? 0 : *earlier.rbegin();
    earlier.insert(message.id);
    const auto [conversation, is_new] = conversations.try_emplace(message.conversation);
    if (!is_new) continue;
    conversation->second.id = message.conversation;
    conversation->second.title = "(recovered)";
    conversation->second.created_ms = conversation->second.updated_ms = message.created_ms;
    conversation->second.sequence = ++sequence;
  }
  chats.conversations.clear();
  for (auto& [id, conversation] : conversations) {
    const auto& ids = messages_of[id];
    if (!ids.contains(conversation.head)) conversation.head = ids.empty() ? 0 : *ids.rbegin();
    chats.conversations.push_back(std::move(conversation));
  }
}

Result<void> write_chats(const Database& database, const SalvagedChats& chats) {
  TRY(Transaction transaction, Transaction::begin(database));
  for (const SalvagedConversation& chat : chats.conversations) {
    TRY_VOID(
        database.run("INSERT INTO conversations(id, title, pinned, created_ms, updated_ms, sequence, draft, options, "
                     "head) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     chat.id, chat.title, chat.pinned, chat.created_ms, chat.updated_ms, chat.sequence, chat.draft,
                     chat.options, chat.head));
    if (chat.deleted_ms)
      TRY_VOID(database.run("UPDATE conversations SET deleted_ms = ? WHERE id = ?", *chat.deleted_ms, chat.id));
  }
  for (const SalvagedMessage& message : chats.messages)
    TRY_VOID(
        database.run("INSERT INTO messages(id, conversation, parent, role, text, state, engine, finish, stats, error, "
                     "created_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     message.id, message.conversation, message.parent, message.role, message.text, message.state,
                     message.engine, message.finish, message.stats, message.error, message.created_ms));
  TRY_VOID(database.run("INSERT INTO messages_search(messages_search) VALUES('rebuild')"));
  return transaction.commit();
}

/// The damaged file with its log, under the first name that is free.
Result<std::string> keep_as_bad(const std::string& path) {
  std::string bad = path + ".bad";
  for (int i = 2; exists(bad); ++i) bad = fmt::format("{}.bad.{}", path, i);
  std::error_code ignored;
  fs::remove(path + "-shm", ignored);
  if (exists(path + "-wal")) TRY_VOID(rename_file(path + "-wal", bad + "-wal"));
  TRY_VOID(rename_file(path, bad));
  return bad;
}

}  // namespace

Result<std::string> repair_chat_database(const std::string& path) {
  TRY(const std::string file, read_if_there(path));
  TRY(const std::string log, read_if_there(path + "-wal"));
  SalvagedChats chats = salvage_chats(file, log);
  mend(chats);
  const std::string salvaged = salvaged_path(path), partial = salvaged + ".partial";
  remove_database(partial);
  {
    TRY(const Database database, open_chat_database(partial));
    TRY_VOID(write_chats(database, chats));
    TRY_VOID(database.execute("PRAGMA journal_mode = DELETE"));  // everything in the one file that is renamed
  }
  TRY_VOID(rename_file(partial, salvaged));
  TRY_VOID(sync_folder_of(path));
  TRY(const std::string bad, keep_as_bad(path));
  TRY_VOID(finish_repair(path));
  return fmt::format(
      "{} was damaged: {} messages in {} chats could be read and are here again, the damaged file is kept as {}", path,
      chats.messages.size(), chats.conversations.size(), bad);
}

Result<void> finish_repair(const std::string& path) {
  if (exists(path) || !exists(salvaged_path(path))) return {};
  remove_database(path);  // a log without its database
  TRY_VOID(rename_file(salvaged_path(path), path));
  return sync_folder_of(path);
}

}  // namespace flightdeck
