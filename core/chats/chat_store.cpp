#include "core/chats/chat_store.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "core/base/file.h"
#include "core/chats/chat_json.h"
#include "core/chats/profile_lock.h"
#include "core/chats/salvage.h"
#include "core/chats/schema.h"

namespace flightdeck {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// An enumerator from a number that anybody may have written.
template <class Enum>
Enum enumerator(int64_t value, Enum last, Enum otherwise) {
  return value >= 0 && value <= static_cast<int64_t>(last) ? static_cast<Enum>(value) : otherwise;
}

constexpr const char* conversation_columns =
    "SELECT id, title, pinned, created_ms, updated_ms, sequence, draft, options, head, "
    "(SELECT COUNT(*) FROM messages WHERE conversation = conversations.id) FROM conversations ";

Conversation read_conversation(const Statement& row) {
  Conversation conversation;
  conversation.id = row.integer(0);
  conversation.title = row.text(1);
  conversation.pinned = row.integer(2) != 0;
  conversation.created_ms = row.integer(3);
  conversation.updated_ms = row.integer(4);
  conversation.sequence = row.integer(5);
  conversation.draft = row.text(6);
  conversation.options = options_from_json(row.text(7));
  conversation.head = row.integer(8);
  conversation.messages = static_cast<int>(row.integer(9));
  return conversation;
}

Message read_message(const Statement& row) {
  Message message;
  message.id = row.integer(0);
  message.conversation = row.integer(1);
  message.parent = row.integer(2);
  message.role = enumerator(row.integer(3), Role::assistant, Role::user);
  message.text = row.text(4);
  message.state = enumerator(row.integer(5), MessageState::failed, MessageState::complete);
  message.engine = row.text(6);
  message.finish = enumerator(row.integer(7), FinishReason::failed, FinishReason::eos);
  message.stats = stats_from_json(row.text(8));
  message.error = row.text(9);
  message.created_ms = row.integer(10);
  return message;
}

std::vector<std::string> words_of(const std::string& text) {
  constexpr size_t most_words = 16;
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
    if (!blank) word += c;
    if (blank && !word.empty() && words.size() < most_words) words.push_back(std::exchange(word, {}));
  }
  return words;
}

size_t characters_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

/// A LIKE pattern for texts that contain the word; its own wildcards are escaped with a backslash.
std::string containing(const std::string& word) {
  std::string pattern = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

/// A phrase of the full-text language: nothing in it is an operator.
std::string phrase(const std::string& word) {
  std::string quoted = "\"";
  for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

class SqliteChatStore : public ChatStore {
 public:
  SqliteChatStore(ProfileLock lock, Database database) : lock_(std::move(lock)), database_(std::move(database)) {}

  Result<std::vector<Conversation>> conversations() override {
    TRY(Statement rows, database_.prepare(std::string(conversation_columns) +
                                          "WHERE deleted_ms IS NULL ORDER BY pinned DESC, sequence DESC"));
    std::vector<Conversation> all;
    for (;;) {
      TRY(const bool more, rows.step());
      if (!more) return all;
      all.push_back(read_conversation(rows));
    }
  }

  Result<Conversation> create_conversation(const std::string& title, const ChatOptions& options) override {
    const int64_t now = now_ms();
    TRY_VOID(
        database_.run("INSERT INTO conversations(title, created_ms, updated_ms, sequence, options) "
                      "VALUES(?, ?, ?, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM conversations), ?)",
                      title, now, now, options_to_json(options)));
    TRY(Statement row, database_.prepare(std::string(conversation_columns) + "WHERE id = ?"));
    row.bind(database_.last_id());
    TRY_VOID(row.step());
    return read_conversation(row);
  }

  Result<void> update_conversation(const Conversation& conversation) override {
    if (conversation.head != 0) TRY_VOID(check_belongs(conversation.head, conversation.id));
    TRY_VOID(
        database_.run("UPDATE conversations SET title = ?, pinned = ?, draft = ?, options = ?, head = ?, "
                      "updated_ms = ? WHERE id = ?",
                      conversation.title, int64_t{conversation.pinned}, conversation.draft,
                      options_to_json(conversation.options), conversation.head, now_ms(), conversation.id));
    return expect_change(conversation.id);
  }

  Result<void> delete_conversation(ConversationId id) override {
    TRY_VOID(database_.run("UPDATE conversations SET deleted_ms = ? WHERE id = ?", now_ms(), id));
    return expect_change(id);
  }

  Result<void> restore_conversation(ConversationId id) override {
    TRY_VOID(database_.run("UPDATE conversations SET deleted_ms = NULL WHERE id = ?", id));
    return expect_change(id);
  }

  Result<void> empty_trash() override {
    return change([&]() -> Result<void> {
      TRY_VOID(
          database_.run("INSERT INTO messages_search(messages_search, rowid, text) SELECT 'delete', id, text "
                        "FROM messages WHERE conversation IN "
                        "(SELECT id FROM conversations WHERE deleted_ms IS NOT NULL)"));
      TRY_VOID(
          database_.run("DELETE FROM messages WHERE conversation IN "
                        "(SELECT id FROM conversations WHERE deleted_ms IS NOT NULL)"));
      return database_.run("DELETE FROM conversations WHERE deleted_ms IS NOT NULL");
    });
  }

  Result<std::vector<Message>> messages(ConversationId id) override {
    TRY(Statement rows, database_.prepare("SELECT id, conversation, parent, role, text, state, engine, finish, stats, "
                                          "error, created_ms FROM messages WHERE conversation = ? ORDER BY id"));
    rows.bind(id);
    std::vector<Message> all;
    for (;;) {
      TRY(const bool more, rows.step());
      if (!more) return all;
      all.push_back(read_message(rows));
    }
  }

  Result<MessageId> add_message(const Message& message) override {
    TRY(const int64_t known, database_.integer("SELECT id FROM conversations WHERE id = ?", 0, message.conversation));
    if (known == 0) return fail(ErrorKind::not_found, "conversation {} is not there any more", message.conversation);
    if (message.parent != 0) TRY_VOID(check_belongs(message.parent, message.conversation));
    const int64_t now = now_ms();
    MessageId id = 0;
    const auto statements = [&]() -> Result<void> {
      TRY_VOID(database_.run(
          "INSERT INTO messages(conversation, parent, role, text, state, engine, finish, stats, error, "
          "created_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          message.conversation, message.parent, static_cast<int64_t>(message.role), message.text,
          static_cast<int64_t>(message.state), message.engine, static_cast<int64_t>(message.finish),
          stats_to_json(message.stats), message.error, message.created_ms != 0 ? message.created_ms : now));
      id = database_.last_id();
      TRY_VOID(add_to_search(id));
      return database_.run(
          "UPDATE conversations SET head = ?, updated_ms = ?, "
          "sequence = (SELECT MAX(sequence) + 1 FROM conversations) WHERE id = ?",
          id, now, message.conversation);
    };
    TRY_VOID(change(statements));
    return id;
  }

  Result<void> update_message(const Message& message) override {
    const auto statements = [&]() -> Result<void> {
      TRY_VOID(
          database_.run("INSERT INTO messages_search(messages_search, rowid, text) SELECT 'delete', id, text "
                        "FROM messages WHERE id = ?",
                        message.id));
      TRY_VOID(
          database_.run("UPDATE messages SET text = ?, state = ?, engine = ?, finish = ?, stats = ?, error = ? "
                        "WHERE id = ?",
                        message.text, static_cast<int64_t>(message.state), message.engine,
                        static_cast<int64_t>(message.finish), stats_to_json(message.stats), message.error, message.id));
      return add_to_search(message.id);
    };
    TRY_VOID(change(statements));
    TRY(const int64_t known, database_.integer("SELECT id FROM messages WHERE id = ?", 0, message.id));
    if (known == 0) return fail(ErrorKind::not_found, "message {} is not there any more", message.id);
    return {};
  }

  Result<std::vector<ConversationId>> search(const std::string& words) override {
    std::set<ConversationId> found;
    bool first = true;
    for (const std::string& word : words_of(words)) {
      TRY(std::set<ConversationId> with_word, conversations_with(word));
      if (first)
        found = std::move(with_word);
      else
        std::erase_if(found, [&](ConversationId id) { return !with_word.contains(id); });
      first = false;
    }
    std::vector<ConversationId> ordered;
    if (found.empty()) return ordered;
    TRY(Statement rows, database_.prepare("SELECT id FROM conversations WHERE deleted_ms IS NULL "
                                          "ORDER BY pinned DESC, sequence DESC"));
    for (;;) {
      TRY(const bool more, rows.step());
      if (!more) return ordered;
      if (found.contains(rows.integer(0))) ordered.push_back(rows.integer(0));
    }
  }

 private:
  /// Runs the statements of `statements` as one change. A damaged search index must not stand between the user and the
  /// disk: it is built anew from the messages, once.
  template <class Statements>
  Result<void> change(Statements statements) {
    const auto attempt = [&]() -> Result<void> {
      TRY(Transaction transaction, Transaction::begin(database_));
      TRY_VOID(statements());
      return transaction.commit();
    };
    auto done = attempt();
    if (done || done.error().kind == ErrorKind::no_space || done.error().kind == ErrorKind::busy) return done;
    if (!renew_search()) return done;
    return attempt();
  }

  Result<void> renew_search() {
    TRY(Transaction transaction, Transaction::begin(database_));
    TRY_VOID(database_.execute("DROP TABLE messages_search"));
    TRY_VOID(database_.execute(chat_migration(1)));
    return transaction.commit();
  }

  Result<void> add_to_search(MessageId id) {
    return database_.run("INSERT INTO messages_search(rowid, text) SELECT id, text FROM messages WHERE id = ?", id);
  }

  Result<void> check_belongs(MessageId message, ConversationId conversation) {
    TRY(const int64_t owner, database_.integer("SELECT conversation FROM messages WHERE id = ?", 0, message));
    if (owner != conversation || owner == 0)
      return fail(ErrorKind::invalid_input, "message {} is not part of conversation {}", message, conversation);
    return {};
  }

  Result<void> expect_change(ConversationId id) {
    if (database_.changes() == 0) return fail(ErrorKind::not_found, "conversation {} is not there any more", id);
    return {};
  }

  Result<void> collect(std::string_view sql, const std::string& value, std::set<ConversationId>& ids) {
    TRY(Statement rows, database_.prepare(sql));
    rows.bind(value);
    for (;;) {
      TRY(const bool more, rows.step());
      if (!more) return {};
      ids.insert(rows.integer(0));
    }
  }

  /// Trigrams know nothing of words below three characters ("山峰"): those are looked for in every message.
  Result<std::set<ConversationId>> conversations_with(const std::string& word) {
    std::set<ConversationId> ids;
    TRY_VOID(collect("SELECT id FROM conversations WHERE title LIKE ? ESCAPE '\\'", containing(word), ids));
    constexpr size_t trigram_characters = 3;
    if (characters_of(word) >= trigram_characters &&
        collect("SELECT DISTINCT conversation FROM messages WHERE id IN "
                "(SELECT rowid FROM messages_search WHERE messages_search MATCH ?)",
                phrase(word), ids))
      return ids;
    TRY_VOID(
        collect("SELECT DISTINCT conversation FROM messages WHERE text LIKE ? ESCAPE '\\'", containing(word), ids));
    return ids;
  }

  ProfileLock lock_;  // goes last
  Database database_;
};

Result<void> check_place(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    return fail(ErrorKind::invalid_input, "{}: not a file: choose another place for the chats", path);
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? Result<void>() : make_directories(folder.string());
}

}  // namespace

Result<std::unique_ptr<ChatStore>> ChatStore::open(const std::string& path, std::string* warning) {
  TRY_VOID(check_place(path));
  TRY(ProfileLock lock, ProfileLock::take(path));
  TRY_VOID(finish_repair(path));
  auto database = open_chat_database(path);
  if (!database && database.error().kind == ErrorKind::corrupt) {
    TRY(const std::string told, repair_chat_database(path));
    if (warning) *warning = told;
    database = open_chat_database(path);
  }
  if (!database) return tl::unexpected(std::move(database).error());
  return std::make_unique<SqliteChatStore>(std::move(lock), std::move(*database));
}

}  // namespace flightdeck
