// What must not be lost: the starred rows of the reliability table that concern chats.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/base/file.h"
#include "core/chats/chat_store.h"
#include "core/chats/salvage.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;
namespace fs = std::filesystem;

namespace {

Message message(ConversationId conversation, const std::string& text) {
  Message made;
  made.conversation = conversation;
  made.text = text;
  return made;
}

/// Text number i; every fifth is longer than a page.
std::string text_of(int i) {
  return "message " + std::to_string(i) + " 第二高 " +
         std::string(i % 5 == 4 ? 9000u : 40u, static_cast<char>('a' + i % 26));
}

std::string bytes_of(const std::string& path) { return read_file(path, 1 << 26).value_or(std::string()); }

void write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// Forks a process that runs `work` with a pipe to write to; gives the reading end.
template <class Work>
std::pair<pid_t, int> start(Work work) {
  int ends[2];
  if (pipe(ends) != 0) return {-1, -1};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    work(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  return {child, ends[0]};
}

void kill_and_wait(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

/// Writes messages for ever and says each one that is stored.
void write_messages(const std::string& path, ConversationId conversation, int first, int pipe) {
  auto store = ChatStore::open(path);
  for (int i = first; store; ++i) {
    Message next = message(conversation, text_of(i));
    next.state = i % 2 ? MessageState::partial : MessageState::complete;
    const auto id = (*store)->add_message(next);
    if (!id || ::write(pipe, &i, sizeof i) != sizeof i) _exit(1);
    next.id = *id;
    next.text += " more";
    if (i % 2 && !(*store)->update_message(next)) _exit(1);
  }
  _exit(2);
}

}  // namespace

class ChatStoreFaultsTest : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    // In memory where there is such a place: killing a process does not need a disk, and thousands of fsyncs cost
    // minutes.
    folder_ = std::make_unique<QTemporaryDir>(QFileInfo("/dev/shm").isWritable() ? "/dev/shm/flightdeck-XXXXXX"
                                                                                 : QDir::tempPath() + "/XXXXXX");
    path_ = folder_->path().toStdString() + "/chats.sqlite";
  }

  void row75_kill_loop() {
    const ConversationId id = ChatStore::open(path_).value()->create_conversation("c", {}).value().id;
    std::mt19937 random(5);
    int stored = 0;
    for (int round = 0; round < 30; ++round) {
      const auto [child, pipe] = start([&](int end) { write_messages(path_, id, stored, end); });
      int last = stored - 1;  // that the child said to have stored
      for (int wanted = static_cast<int>(random() % 8), got = 0; got < wanted; ++got)
        QCOMPARE(read(pipe, &last, sizeof last), ssize_t{sizeof last});
      kill_and_wait(child);
      while (read(pipe, &last, sizeof last) == sizeof last) continue;  // said before it died
      close(pipe);
      std::string warning;
      const auto store = ChatStore::open(path_, &warning);
      VERIFY_OK(store);
      QCOMPARE(warning, std::string());
      const auto all = (*store)->messages(id).value();
      QVERIFY(static_cast<int>(all.size()) > last);
      for (size_t i = 0; i < all.size(); ++i) {
        QVERIFY(all[i].text.starts_with(text_of(static_cast<int>(i))));
        QVERIFY((all[i].state == MessageState::partial) == (i % 2 == 1));  // what was partial stays partial
      }
      stored = static_cast<int>(all.size());
    }
    QVERIFY(stored > 50);
  }

  void row79_another_process_is_busy_until_it_dies() {
    const auto [child, pipe] = start([&](int end) {
      auto store = ChatStore::open(path_);
      (void)!::write(end, "x", 1);
      pause();
    });
    char ready = 0;
    QCOMPARE(read(pipe, &ready, 1), ssize_t{1});
    VERIFY_ERROR(ChatStore::open(path_), ErrorKind::busy, "another Flightdeck");
    kill_and_wait(child);
    close(pipe);
    VERIFY_OK(ChatStore::open(path_));
  }

  /// What a power cut leaves of the log: its beginning, then nothing or zeros.
  void row77_torn_log() {
    const auto [db, log] = killed_database(12);
    QVERIFY(log.size() > 20'000);
    size_t most = 0;
    for (size_t cut = 0; cut <= log.size(); cut += 1361)
      for (const bool zeros : {false, true}) {
        const std::string at = fresh_path();
        write(at, db);
        write(at + "-wal", log.substr(0, cut) + (zeros ? std::string(log.size() - cut, '\0') : ""));
        const auto store = ChatStore::open(at);
        VERIFY_OK(store);
        const auto all = (*store)->messages(1).value_or(std::vector<Message>());
        for (size_t i = 0; i < all.size(); ++i) QVERIFY(all[i].text.starts_with(text_of(static_cast<int>(i))));
        QVERIFY(all.size() >= most);
        most = all.size();
      }
    QVERIFY(most >= 10);
  }

  void row78_damaged_file_data() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("at_least");  // messages of 30 that must be there afterwards
    QTest::newRow("first page NULs") << 0 << 30;
    QTest::newRow("all NULs") << 1 << 0;
    QTest::newRow("garbage") << 2 << 0;
    QTest::newRow("second half missing") << 3 << 5;
    QTest::newRow("last page missing") << 4 << 15;
    QTest::newRow("a page in the middle overwritten") << 5 << 15;
    QTest::newRow("cut inside a page") << 6 << 15;
    QTest::newRow("magic damaged") << 7 << 30;
    QTest::newRow("a text file") << 8 << 0;
    QTest::newRow("one byte") << 9 << 0;
  }
  void row78_damaged_file() {
    QFETCH(int, kind);
    QFETCH(int, at_least);
    std::string file = whole_database(30);
    const size_t pages = file.size() / 4096;
    if (kind == 0) file.replace(0, 4096, std::string(4096, '\0'));
    if (kind == 1) file.assign(file.size(), '\0');
    if (kind == 2) std::generate(file.begin(), file.end(), std::mt19937(7));
    if (kind == 3) file.resize(pages / 2 * 4096);
    if (kind == 4) file.resize((pages - 1) * 4096);
    if (kind == 5) file.replace(pages / 2 * 4096, 4096, std::string(4096, '\xaa'));
    if (kind == 6) file.resize(file.size() - 1000);
    if (kind == 7) file[3] = 'x';
    if (kind == 8) file = "Dear diary, this is no database.\n";
    if (kind == 9) file = "S";
    write(path_, file);
    std::string warning;
    auto store = ChatStore::open(path_, &warning);
    VERIFY_OK(store);
    QVERIFY2(warning.find(path_ + ".bad") != std::string::npos, warning.c_str());
    QCOMPARE(bytes_of(path_ + ".bad"), file);
    int found = 0;
    for (const Conversation& chat : (*store)->conversations().value_or(std::vector<Conversation>()))
      for (const Message& each : (*store)->messages(chat.id).value_or(std::vector<Message>())) {
        QCOMPARE(each.text, text_of(static_cast<int>(each.id) - 1));
        ++found;
      }
    QVERIFY2(found >= at_least, std::to_string(found).c_str());
    VERIFY_OK((*store)->add_message(message((*store)->create_conversation("new", {}).value().id, "goes on")));
    store->reset();
    warning.clear();
    VERIFY_OK(ChatStore::open(path_, &warning));
    QCOMPARE(warning, std::string());
  }

  void row78_damage_with_a_log() {
    const auto [db, log] = killed_database(12);
    write(path_, std::string(db.size(), '\0'));
    write(path_ + "-wal", log);
    std::string warning;
    const auto store = ChatStore::open(path_, &warning);
    VERIFY_OK(store);
    QVERIFY((*store)->messages(1).value().size() >= 10);
    QVERIFY(fs::exists(path_ + ".bad-wal"));
  }

  void row78_flipped_bits() {
    const std::string whole = whole_database(30);
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
      std::string file = whole;
      for (uint32_t flips = 1 + random() % 4; flips > 0; --flips)
        file[random() % file.size()] ^= static_cast<char>(1u << random() % 8);
      const std::string at = fresh_path();
      write(at, file);
      auto store = ChatStore::open(at);
      if (!store) {
        QVERIFY2(store.error().kind == ErrorKind::unsupported, store.error().message.c_str());  // the version's bits
        continue;
      }
      const auto chats = (*store)->conversations();
      VERIFY_OK(chats);
      for (const Conversation& chat : *chats) QVERIFY((*store)->messages(chat.id).has_value());
      (void)(*store)->search("第二高");
      VERIFY_OK((*store)->create_conversation("new", {}));
    }
  }

  void row78_salvage_of_anything() {
    const std::string whole = whole_database(10);
    std::mt19937 random(13);
    for (int round = 0; round < 300; ++round) {
      std::string file = whole, log(random() % 9000, '\0');
      for (uint32_t change = random() % 200; change > 0; --change) {
        const size_t at = random() % file.size();
        file[at] = static_cast<char>(random());
        if (!log.empty()) log[at % log.size()] = static_cast<char>(random());
      }
      const std::string_view view(file);
      const SalvagedChats chats = salvage_chats(view.substr(0, random() % view.size()), log);
      QVERIFY(chats.messages.size() <= 100);
    }
    QCOMPARE(salvage_chats("", "").messages.size(), size_t{0});
    QCOMPARE(salvage_chats(whole, "").messages.size(), size_t{10});
  }

  void older_bad_files_are_kept() {
    for (const char* name : {"first", "second"}) {
      fs::remove(path_);
      write(path_, std::string(5000, name[0]));
      VERIFY_OK(ChatStore::open(path_));
    }
    QCOMPARE(bytes_of(path_ + ".bad")[0], 'f');
    QCOMPARE(bytes_of(path_ + ".bad.2")[0], 's');
  }

  void a_repair_that_was_cut_off() {
    write(path_ + ".salvaged", whole_database(5));
    write(path_ + "-wal", "left over");
    const auto store = ChatStore::open(path_);
    VERIFY_OK(store);
    QCOMPARE((*store)->messages(1).value().size(), size_t{5});
    QVERIFY(!fs::exists(path_ + ".salvaged"));
  }

  void deleted_texts_stay_deleted() {
    const std::string file = whole_database(20, true);
    for (const SalvagedMessage& each : salvage_chats(file, "").messages) QVERIFY(each.conversation != 1);
  }

  void damaged_search_index() {
    write(path_, whole_database(5));
    sqlite3* raw = nullptr;
    QCOMPARE(sqlite3_open(path_.c_str(), &raw), SQLITE_OK);
    sqlite3_exec(raw, "UPDATE messages_search_data SET block = x'ffffffff'", nullptr, nullptr, nullptr);
    sqlite3_close(raw);
    const auto store = ChatStore::open(path_);
    VERIFY_OK(store);
    VERIFY_OK((*store)->search("第二高"));
    VERIFY_OK((*store)->add_message(message(1, "another text")));
    QCOMPARE((*store)->search("another").value(), std::vector<ConversationId>{1});
  }

  void row76_full_disk() {
    const std::string disk = folder_->path().toStdString() + "/disk";
    fs::create_directory(disk);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0)
      QSKIP("mounting a small disk needs root");
    {
      const auto store = ChatStore::open(disk + "/chats.sqlite").value();
      const ConversationId id = store->create_conversation("c", {}).value().id;
      VERIFY_OK(store->add_message(message(id, text_of(0))));
      write(disk + "/filler", std::string(1 << 20, 'x'));
      int stored = 1;
      Result<MessageId> last = 0;
      while ((last = store->add_message(message(id, text_of(stored))))) ++stored;
      QVERIFY2(last.error().kind == ErrorKind::no_space, last.error().message.c_str());
      QCOMPARE(store->messages(id).value().size(), static_cast<size_t>(stored));
      fs::remove(disk + "/filler");
      VERIFY_OK(store->add_message(message(id, text_of(stored))));
      QCOMPARE(store->messages(id).value().back().text, text_of(stored));
    }
    VERIFY_OK(ChatStore::open(disk + "/chats.sqlite"));
    umount(disk.c_str());
  }

 private:
  std::string fresh_path() { return folder_->path().toStdString() + "/fresh" + std::to_string(++fresh_); }

  /// The bytes of a database with one conversation of `count` messages, closed in good order.
  std::string whole_database(int count, bool then_deleted = false) {
    const std::string at = fresh_path();
    {
      const auto store = ChatStore::open(at).value();
      const ConversationId id = store->create_conversation("c", {}).value().id;
      for (int i = 0; i < count; ++i) (void)store->add_message(message(id, text_of(i)));
      if (then_deleted) (void)store->delete_conversation(id);
      if (then_deleted) (void)store->empty_trash();
    }
    return bytes_of(at);
  }

  /// File and log of a process that was killed after it had stored `count` messages.
  std::pair<std::string, std::string> killed_database(int count) {
    const std::string at = fresh_path();
    (void)ChatStore::open(at).value()->create_conversation("c", {});
    const auto [child, pipe] = start([&](int end) { write_messages(at, 1, 0, end); });
    for (int i = 0, said = 0; i < count; ++i) (void)!read(pipe, &said, sizeof said);
    kill_and_wait(child);
    close(pipe);
    return {bytes_of(at), bytes_of(at + "-wal")};
  }

  std::unique_ptr<QTemporaryDir> folder_;
  std::string path_;
  int fresh_ = 0;
};

QTEST_GUILESS_MAIN(ChatStoreFaultsTest)
#include "chat_store_faults_test.moc"
