#include "core/chats/chat_store.h"

#include <sqlite3.h>

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>

#include "core/base/file.h"
#include "core/chats/chat_json.h"
#include "core/chats/schema.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;

namespace {

Message message(ConversationId conversation, const std::string& text, MessageId parent = 0, Role role = Role::user) {
  Message made;
  made.conversation = conversation;
  made.parent = parent;
  made.role = role;
  made.text = text;
  return made;
}

}  // namespace

class ChatStoreTest : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    path_ = folder_->path().toStdString() + "/with blanks 🦙/chats.sqlite";
    auto store = ChatStore::open(path_);
    VERIFY_OK(store);
    store_ = std::move(*store);
  }
  void cleanup() { store_.reset(); }

  void everything_comes_back() {
    ChatOptions options;
    options.system_prompt = "Be brief.";
    options.sampling.seed = UINT64_MAX;
    options.max_tokens = 77;
    const Conversation chat = store_->create_conversation("Mountains", options).value();
    Message answer = message(chat.id, std::string("K2\0!", 4), 0, Role::assistant);
    answer.state = MessageState::failed;
    answer.engine = "starter-int8";
    answer.finish = FinishReason::length;
    answer.stats.decode_tokens_per_s = 12.5;
    answer.stats.thinking_ms = 3100;
    answer.error = "out of memory";
    answer.id = store_->add_message(answer).value();
    reopen();
    const Conversation again = store_->conversations().value().at(0);
    QCOMPARE(again.title, std::string("Mountains"));
    QCOMPARE(options_to_json(again.options), options_to_json(options));
    QCOMPARE(again.head, answer.id);
    QCOMPARE(again.messages, 1);
    const Message read = store_->messages(chat.id).value().at(0);
    QCOMPARE(read.text, answer.text);
    QVERIFY(read.state == answer.state && read.finish == answer.finish && read.role == answer.role);
    QCOMPARE(read.engine, answer.engine);
    QCOMPARE(read.error, answer.error);
    QCOMPARE(stats_to_json(read.stats), stats_to_json(answer.stats));
    QCOMPARE(read.stats.thinking_ms, 3100.0);
    QVERIFY(read.created_ms > 0);
  }

  void newest_first_and_pinned_before() {
    const ConversationId a = chat("a"), b = chat("b"), c = chat("c");
    QCOMPARE(order(), (std::vector<ConversationId>{c, b, a}));
    VERIFY_OK(store_->add_message(message(a, "new")));
    QCOMPARE(order(), (std::vector<ConversationId>{a, c, b}));
    Conversation pinned = store_->conversations().value().at(2);
    pinned.pinned = true;
    pinned.title = "b, renamed";
    pinned.draft = "not sent yet";
    VERIFY_OK(store_->update_conversation(pinned));
    QCOMPARE(order(), (std::vector<ConversationId>{b, a, c}));
    reopen();
    QCOMPARE(store_->conversations().value().at(0).title, std::string("b, renamed"));
    QCOMPARE(store_->conversations().value().at(0).draft, std::string("not sent yet"));
  }

  void branches() {
    const ConversationId id = chat("tree");
    const MessageId question = store_->add_message(message(id, "q")).value();
    const MessageId first = store_->add_message(message(id, "a1", question, Role::assistant)).value();
    const MessageId second = store_->add_message(message(id, "a2", question, Role::assistant)).value();
    QCOMPARE(store_->conversations().value().at(0).head, second);
    Conversation shown = store_->conversations().value().at(0);
    shown.head = first;
    VERIFY_OK(store_->update_conversation(shown));
    QCOMPARE(store_->conversations().value().at(0).head, first);
    const auto all = store_->messages(id).value();
    QCOMPARE(all.size(), size_t{3});
    QVERIFY(all[1].parent == question && all[2].parent == question);
  }

  void strangers_are_refused() {
    const ConversationId a = chat("a"), b = chat("b");
    const MessageId in_a = store_->add_message(message(a, "x")).value();
    VERIFY_ERROR(store_->add_message(message(b, "y", in_a)), ErrorKind::invalid_input, "not part of conversation");
    VERIFY_ERROR(store_->add_message(message(b, "y", 999)), ErrorKind::invalid_input, "message 999");
    VERIFY_ERROR(store_->add_message(message(999, "y")), ErrorKind::not_found, "conversation 999");
    Conversation conversation = store_->conversations().value().at(1);
    conversation.head = in_a;
    VERIFY_ERROR(store_->update_conversation(conversation), ErrorKind::invalid_input, "not part of");
    Message unknown = message(a, "x");
    unknown.id = 999;
    VERIFY_ERROR(store_->update_message(unknown), ErrorKind::not_found, "message 999");
    VERIFY_ERROR(store_->delete_conversation(999), ErrorKind::not_found, "999");
  }

  void a_growing_answer() {
    const ConversationId id = chat("grows");
    Message answer = message(id, "", 0, Role::assistant);
    answer.state = MessageState::partial;
    answer.id = store_->add_message(answer).value();
    for (const char* text : {"世界", "世界上第二高", "世界上第二高的山峰"}) {
      answer.text = text;
      VERIFY_OK(store_->update_message(answer));
      QCOMPARE(store_->messages(id).value().at(0).text, answer.text);
    }
    QCOMPARE(store_->search("第二高的").value(), std::vector<ConversationId>{id});
    QVERIFY(store_->messages(id).value().at(0).state == MessageState::partial);
  }

  void trash() {
    const ConversationId kept = chat("kept"), gone = chat("gone");
    VERIFY_OK(store_->add_message(message(gone, "findable words")));
    VERIFY_OK(store_->delete_conversation(gone));
    QCOMPARE(order(), std::vector<ConversationId>{kept});
    QVERIFY(store_->search("findable").value().empty());
    VERIFY_OK(store_->restore_conversation(gone));
    QCOMPARE(store_->search("findable").value(), std::vector<ConversationId>{gone});
    QCOMPARE(store_->messages(gone).value().size(), size_t{1});
    VERIFY_OK(store_->delete_conversation(gone));
    VERIFY_OK(store_->empty_trash());
    VERIFY_ERROR(store_->restore_conversation(gone), ErrorKind::not_found, "not there any more");
    QVERIFY(store_->messages(gone).value().empty());
    QVERIFY(chat("new") > gone);  // ids are never used again
  }

  void search_data() {
    QTest::addColumn<QString>("words");
    QTest::addColumn<bool>("found");
    const auto row = [](const char* words, bool found) { QTest::newRow(words) << QString(words) << found; };
    for (const char* words :
         {"second", "SECOND", "seco", "ighest", "second highest", "山峰", "峰", "第二高的山", "世界 second", "50%",
          "a_b", "C:\\dir", "say \"hi\"", "Bergwelt", "welt 世界", "K2", "AND"})
      row(words, true);
    for (const char* words :
         {"third", "second third", "海洋", "第三高", "%%", "a%b", "axb", "\"him", "second*", "NEAR(", "", "  "})
      row(words, false);
  }
  void search() {
    QFETCH(QString, words);
    QFETCH(bool, found);
    const ConversationId id = chat("Bergwelt");
    VERIFY_OK(
        store_->add_message(message(id, "K2 is the second highest mountain, and 50% steeper: a_b C:\\dir say \"hi\"")));
    VERIFY_OK(store_->add_message(message(id, "世界上第二高的山峰是乔戈里峰")));
    VERIFY_OK(store_->add_message(message(chat("other"), "nothing of interest")));
    QCOMPARE(store_->search(words.toStdString()).value(),
             found ? std::vector<ConversationId>{id} : std::vector<ConversationId>{});
  }

  void options_read_tolerantly_data() {
    QTest::addColumn<QByteArray>("json");
    for (const char* json :
         {"", "null", "[]", "{", "7", R"({"max_tokens": "many", "system_prompt": 5})",
          R"({"sampling": [1], "max_tokens": -3})", R"({"sampling": {"top_p": 7, "stop": {"a": 1}}})",
          R"({"sampling": {"logit_bias": {"x": 1, "-1": 2}, "bad_words": [[], ["x"]], "seed": -1}})"})
      QTest::newRow(json) << QByteArray(json);
  }
  void options_read_tolerantly() {
    QFETCH(QByteArray, json);
    QCOMPARE(options_to_json(options_from_json(json.toStdString())), options_to_json(ChatOptions()));
    QCOMPARE(stats_to_json(stats_from_json(json.toStdString())), stats_to_json(RequestStats()));
  }

  void one_bad_field_leaves_the_others() {
    ChatOptions options = options_from_json(R"({"system_prompt": "x", "max_tokens": "y", "sampling":
        {"temperature": 0.5, "top_k": 2.5, "stop": ["a", 1, "b"], "stop_ids": [3, -1], "logit_bias": {"5": -2}}})");
    QCOMPARE(options.system_prompt, std::string("x"));
    QCOMPARE(options.max_tokens, 512);
    QCOMPARE(options.sampling.temperature, 0.5);
    QCOMPARE(options.sampling.top_k, 0);
    QCOMPARE(options.sampling.stop, (std::vector<std::string>{"a", "b"}));
    QCOMPARE(options.sampling.stop_ids, std::vector<int32_t>{3});
    QCOMPARE(options.sampling.logit_bias.at(5), -2.0);
    options.system_prompt = "\xff broken";
    QVERIFY(!options_to_json(options).empty());
  }

  void row78_bad_fields_never_block_a_chat() {
    const ConversationId id = chat("odd");
    VERIFY_OK(store_->add_message(message(id, "good")));
    store_.reset();
    sqlite3* raw = nullptr;
    QCOMPARE(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
    QCOMPARE(sqlite3_exec(raw,
                          "UPDATE conversations SET options = x'ff00', pinned = 'maybe', head = 'x', draft = x'c3';"
                          "INSERT INTO messages VALUES(77, 1, 999, -5, x'ff', 99, 3, 'z', '{', 5, 1e300)",
                          nullptr, nullptr, nullptr),
             SQLITE_OK);
    sqlite3_close(raw);
    reopen();
    QCOMPARE(order(), std::vector<ConversationId>{id});
    const auto all = store_->messages(id).value();
    QCOMPARE(all.size(), size_t{2});
    QCOMPARE(all[0].text, std::string("good"));
    QVERIFY(all[1].role == Role::user && all[1].state == MessageState::complete);
  }

  void row78_newer_schema_is_left_alone() {
    chat("kept");
    store_.reset();
    sqlite3* raw = nullptr;
    QCOMPARE(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
    sqlite3_exec(raw, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99", nullptr, nullptr, nullptr);
    sqlite3_close(raw);
    const std::string before = read_file(path_, 1 << 24).value();
    VERIFY_ERROR(ChatStore::open(path_), ErrorKind::unsupported, "schema 99");
    QVERIFY(read_file(path_, 1 << 24).value() == before);
    QVERIFY(!QFile::exists(QString::fromStdString(path_ + ".bad")));
  }

  void older_schema_is_backed_up_and_migrated() {
    const std::string old = folder_->path().toStdString() + "/old.sqlite";
    {
      const auto database = sqlite::Database::open(old, sqlite::Database::Mode::read_write).value();
      VERIFY_OK(database.execute(chat_migration(0)));
      VERIFY_OK(database.execute(
          "PRAGMA user_version = 1;"
          "INSERT INTO conversations(id, title, created_ms, updated_ms, sequence) VALUES(5, 't', 1, 1, 1);"
          "INSERT INTO messages(conversation, role, text, state, created_ms) VALUES(5, 0, 'old words', 0, 1)"));
    }
    const auto store = ChatStore::open(old);
    VERIFY_OK(store);
    QCOMPARE((*store)->search("old words").value(), std::vector<ConversationId>{5});
    const auto backup = sqlite::Database::open(old + ".v1.bak", sqlite::Database::Mode::read_only);
    VERIFY_OK(backup);
    QCOMPARE(backup->integer("PRAGMA user_version", 0).value(), int64_t{1});
    QCOMPARE(backup->integer("SELECT COUNT(*) FROM messages", 0).value(), int64_t{1});
  }

  void row79_a_second_one_is_busy() {
    VERIFY_ERROR(ChatStore::open(path_), ErrorKind::busy, "another Flightdeck");
    store_.reset();
    VERIFY_OK(ChatStore::open(path_));
  }

  void wrong_places() {
    VERIFY_ERROR(ChatStore::open(folder_->path().toStdString()), ErrorKind::invalid_input, "not a file");
    VERIFY_ERROR(ChatStore::open("/proc/none/chats.sqlite"), ErrorKind::not_found, "/proc/none");
  }

  void two_hundred_conversations() {
    store_.reset();
    {  // in one transaction: 4000 messages one by one are 4000 fsyncs
      const auto database = sqlite::Database::open(path_, sqlite::Database::Mode::read_write).value();
      VERIFY_OK(database.execute(
          "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO "
          "conversations(id, title, created_ms, updated_ms, sequence) SELECT i, 'conversation ' || i, 1, 1, i FROM n;"
          "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3999) INSERT INTO "
          "messages(conversation, role, text, state, created_ms) SELECT 1 + i % 200, 0, 'some text ' || "
          "hex(zeroblob(400)), 0, 1 FROM n; INSERT INTO messages_search(messages_search) VALUES('rebuild'); COMMIT"));
    }
    reopen();
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(store_->conversations().value().size(), size_t{200});
    qInfo("conversations() of 200 with 20 messages each: %.1f ms", static_cast<double>(timer.nsecsElapsed()) * 1e-6);
    timer.restart();
    reopen();
    qInfo("opening them: %.1f ms", static_cast<double>(timer.nsecsElapsed()) * 1e-6);
    timer.restart();
    QCOMPARE(store_->search("00").value().size(), size_t{200});
    qInfo("search of two characters: %.1f ms", static_cast<double>(timer.nsecsElapsed()) * 1e-6);
  }

 private:
  ConversationId chat(const std::string& title) { return store_->create_conversation(title, {}).value().id; }
  std::vector<ConversationId> order() {
    std::vector<ConversationId> ids;
    const auto all = store_->conversations();
    for (const Conversation& conversation : *all) ids.push_back(conversation.id);
    return ids;
  }
  void reopen() {
    store_.reset();
    std::string warning;
    store_ = ChatStore::open(path_, &warning).value();
    QCOMPARE(warning, std::string());
  }

  std::unique_ptr<QTemporaryDir> folder_;
  std::string path_;
  std::unique_ptr<ChatStore> store_;
};

QTEST_GUILESS_MAIN(ChatStoreTest)
#include "chat_store_test.moc"
