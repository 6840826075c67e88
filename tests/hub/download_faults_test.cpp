// Rows 1 to 22 of the table of faults: what servers, networks and disks do, and what comes of it.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "core/base/file.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

namespace {

/// The Hugging Face cache, where every writer gets a lock and a partial file of its own, as without working locks.
class Unlocked : public ModelStore {
 public:
  explicit Unlocked(std::unique_ptr<ModelStore> store) : store_(std::move(store)) {}
  std::string folder() const override { return store_->folder(); }
  Result<Place> place(const RemoteFile& file) override {
    static std::atomic<int> count{0};
    auto place = store_->place(file);
    const std::string own = fmt::format(".{}", count++);
    place->partial_name += own;
    place->lock_name += own;
    return place;
  }
  Result<bool> has(const RemoteFile&, std::stop_token) override { return false; }  // so that both download
  Result<void> install(const RemoteFile& file, const Place& place, const std::string& digest) override {
    return store_->install(file, place, digest);
  }
  Result<void> finish() override { return store_->finish(); }

 private:
  std::unique_ptr<ModelStore> store_;
};

}  // namespace

class DownloadFaultsTest : public QObject {
  Q_OBJECT

  void verify_whole() {
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QCOMPARE(hub_->leftovers(), size_t{0});
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void row01_cut_after_byte_n_data() {
    QTest::addColumn<int>("n");
    for (const int n : {0, 1, 65'535, 65'536, 65'537, 99'999}) QTest::addRow("%d", n) << n;
  }
  void row01_cut_after_byte_n() {
    QFETCH(int, n);
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = n});
    verify_whole();
    const auto ranges = hub_->ranges();
    QCOMPARE(ranges.size(), size_t{2});
    QCOMPARE(ranges[1], n == 0 ? std::string() : QString("bytes=%1-99999").arg(n).toStdString());
    const auto last = hub_->server.requests().back();
    QCOMPARE(last.header("if-range"), std::string(n == 0 ? "" : "\"v1\""));
    QCOMPARE(hub_->job->snapshot().fetched_bytes, uint64_t{100'000 + 22});
  }

  void row01_gives_up_after_five_without_progress() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .cut_after = 0});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "/blob/model.safetensors");
    QCOMPARE(hub_->ranges().size(), size_t{5});
    QCOMPARE(hub_->job->snapshot().state, JobState::paused);
  }

  void row02_416_when_everything_is_there() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .cut_after = 50'000});
    stop_after_first_failure();
    const std::string partial = partial_path();
    std::ofstream(partial, std::ios::binary) << hub_->weights;
    std::ofstream(partial + ".journal", std::ios::app) << "w 0 100000\n";
    hub_->server.forget_requests();
    verify_whole();
    QCOMPARE(hub_->ranges().size(), size_t{0});
  }

  void row02_partial_longer_than_the_file() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = 1, .cut_after = 50'000});
    stop_after_first_failure();
    std::ofstream(partial_path(), std::ios::binary | std::ios::app) << random_bytes(100'000);
    verify_whole();
  }

  void row02_416_from_the_server() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    hub_->server.add_fault({.matches = "/blob/model", .times = 3, .status = 416});
    verify_whole();
    QCOMPARE(hub_->ranges().back(), std::string());  // from the start, once
  }

  void row03_200_to_a_range() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .ignore_range = true});
    verify_whole();
  }

  void row03_200_to_the_ranges_of_parts() {
    hub_->add_weights(500'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .ignore_range = true});
    verify_whole();
  }

  void row03_wrong_206_data() {
    QTest::addColumn<QString>("range");
    for (const char* range :
         {"bytes 0-99999/100000", "bytes 49999-99999/100000", "bytes 50001-99999/100000", "bytes 50000-99999/100001",
          "bytes 50000-99999/*", "bytes 50000-200000/100000", "bytes 50000-49999/100000", "nonsense", "-"})
      QTest::addRow("%s", range) << range;
  }
  void row03_wrong_206() {
    QFETCH(QString, range);
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    hub_->server.add_fault({.matches = "/blob/model", .content_range = range.toStdString()});
    verify_whole();
    QCOMPARE(hub_->ranges().size(), size_t{3});  // the wrong answer cost one request, and no byte
    QCOMPARE(hub_->ranges()[2], std::string("bytes=50000-99999"));
  }

  void row03_always_wrong_206_ends_in_one_stream() {
    hub_->add_weights(500'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = 40, .content_range = "bytes 1-2/3"});
    verify_whole();
  }

  void row04_server_errors_are_repeated_data() {
    QTest::addColumn<int>("status");
    for (const int status : {408, 429, 500, 502, 503}) QTest::addRow("%d", status) << status;
  }
  void row04_server_errors_are_repeated() {
    QFETCH(int, status);
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = 2, .status = status});
    hub_->server.add_fault({.matches = "/tree/", .times = 2, .status = status});
    verify_whole();
  }

  void row04_429_waits_as_told() {
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "/tree/", .status = 429, .headers = {{"Retry-After", "1"}}});
    hub_->server.add_fault({.matches = "/blob/model", .status = 429, .headers = {{"RateLimit", "\"api\";r=0;t=1"}}});
    QElapsedTimer timer;
    timer.start();
    verify_whole();
    QVERIFY2(timer.elapsed() >= 2000, qPrintable(QString::number(timer.elapsed())));
  }

  void row04_a_wait_too_long_is_an_error() {
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "/tree/", .times = -1, .status = 429, .headers = {{"Retry-After", "7200"}}});
    VERIFY_ERROR(hub_->pull(), ErrorKind::rate_limited, "too many requests");
  }

  void row04_last_words_data() {
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("code");
    QTest::addColumn<int>("kind");
    QTest::addColumn<QString>("part");
    const auto row = [](const char* name, int status, const char* code, ErrorKind kind, const char* part) {
      QTest::newRow(name) << status << code << static_cast<int>(kind) << part;
    };
    row("missing or private", 401, "RepoNotFound", ErrorKind::not_allowed, "does not exist or is private");
    row("missing", 404, "RepoNotFound", ErrorKind::not_found, "is not on");
    row("gated", 401, "GatedRepo", ErrorKind::not_allowed, "/acme/tiny");
    row("gated, other status", 403, "GatedRepo", ErrorKind::not_allowed, "accept its licence at");
    row("revision", 404, "RevisionNotFound", ErrorKind::not_found, "revision");
    row("legal", 451, "", ErrorKind::not_allowed, "legal");
    row("endpoint down", 503, "", ErrorKind::unreachable, "HTTP 503");
  }
  void row04_last_words() {
    QFETCH(int, status);
    QFETCH(QString, code);
    QFETCH(int, kind);
    QFETCH(QString, part);
    hub_->add_weights(1000);
    hub_->server.add_fault(
        {.matches = "/revision/", .times = -1, .status = status, .headers = {{"X-Error-Code", code.toStdString()}}});
    VERIFY_ERROR(hub_->pull(), static_cast<ErrorKind>(kind), part.toStdString());
    QCOMPARE(hub_->server.requests().size(), size_t(status == 503 ? 5 : 1));
  }

  void row04_nobody_listens() {
    hub_->options.hub.endpoint = "http://127.0.0.1:1";
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "no connection");
  }

  void row04_offline_asks_nobody() {
    qputenv("HF_HUB_OFFLINE", "1");
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "HF_HUB_OFFLINE");
    QCOMPARE(hub_->server.requests().size(), size_t{0});
  }

  void row05_login_page_instead_of_data() {
    hub_->add_weights(1000);
    hub_->server.add_fault(
        {.matches = "/revision/", .status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "<html>"});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "web page");
    hub_->server.add_fault(
        {.matches = "/blob/model", .times = -1, .status = 200, .body = "<html>please log in</html>"});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "are listed");
    QVERIFY(!hub_->is_installed());
  }

  void row06_longer_than_listed() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .extra = "more", .no_length = true});
    VERIFY_ERROR(hub_->pull(), ErrorKind::corrupt, "more than the 100000 bytes listed");
    QVERIFY(!hub_->is_installed());
  }

  void row06_shorter_than_listed() {
    hub_->server.add("model.safetensors", {.content = random_bytes(1000), .listed_size = 2000});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "1000 bytes, 2000 are listed");
    QVERIFY(!hub_->is_installed());
  }

  void row06_no_length_and_an_early_end() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 40'000, .no_length = true});
    verify_whole();
    QCOMPARE(hub_->ranges().back(), std::string("bytes=40000-99999"));
  }

  void row07_one_flipped_byte_is_fetched_again() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .flip_at = 77'777});
    verify_whole();
    QCOMPARE(hub_->ranges().size(), size_t{2});
  }

  void row07_twice_is_an_error() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .flip_at = 0});
    VERIFY_ERROR(hub_->pull(), ErrorKind::corrupt, "'model.safetensors' arrived damaged twice");
    QVERIFY(!hub_->is_installed());
    QCOMPARE(hub_->leftovers(), size_t{0});
    QVERIFY(!std::filesystem::exists(hub_->repo_dir() + "/refs/main"));
  }

  void row07_small_files_are_checked_as_git_blobs() {
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "config.json", .times = -1, .flip_at = 3});
    VERIFY_ERROR(hub_->pull(), ErrorKind::corrupt, "'config.json' arrived damaged twice");
  }

  void row08_no_credential_on_another_host() {
    hub_->add_weights(500'000);
    hub_->options.hub.token = *Token::parse("hf_secret");
    verify_whole();
    int at_home = 0;
    for (const ServedRequest& request : hub_->server.requests()) {
      const bool is_cdn = request.path().starts_with("/blob/");
      QCOMPARE(request.header("authorization"), std::string(is_cdn ? "" : "Bearer hf_secret"));
      QCOMPARE(request.header("cookie"), std::string());
      at_home += !is_cdn;
    }
    QVERIFY(at_home >= 3);
  }

  void row08_not_even_when_the_way_leads_back() {
    hub_->add_weights(1000);
    hub_->options.hub.token = *Token::parse("hf_secret");
    hub_->server.add_fault({.matches = "/blob/model", .redirect = hub_->server.endpoint() + "/blob-home"});
    (void)hub_->pull();
    const auto requests = hub_->server.requests();
    const auto back =
        std::find_if(requests.begin(), requests.end(), [](const auto& r) { return r.path() == "/blob-home"; });
    QVERIFY(back != requests.end());
    QCOMPARE(back->header("authorization"), std::string());
  }

  void row09_redirects_that_are_refused_data() {
    QTest::addColumn<QString>("location");
    for (const char* location : {"file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pass@127.0.0.1/x"})
      QTest::addRow("%s", location) << location;
  }
  void row09_redirects_that_are_refused() {
    QFETCH(QString, location);
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "hub:", .times = -1, .redirect = location.toStdString()});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "which is refused");
  }

  void row09_redirects_for_ever() {
    hub_->add_weights(1000);
    hub_->server.add_fault(
        {.matches = "/blob/model", .times = -1, .redirect = hub_->server.cdn() + "/blob/model.safetensors"});
    VERIFY_ERROR(hub_->pull(), ErrorKind::unreachable, "redirects more than 10 times");
  }

  void row10_the_tag_changes_in_mid_resume() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .cut_after = 50'000});
    stop_after_first_failure();
    hub_->server.clear_faults();
    hub_->server.add("model.safetensors", {.content = hub_->weights, .etag = "\"v2\""});
    verify_whole();
  }

  void row10_the_repository_moves_on() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    stop_after_first_failure();
    hub_->add_weights(100'000);
    hub_->weights = random_bytes(100'000, 2);
    hub_->server.add("model.safetensors", {.content = hub_->weights, .etag = "\"v2\""});
    hub_->server.set_commit(std::string(40, 'a'));
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(hub_->repo_dir() + "/snapshots/" + std::string(40, 'a') + "/model.safetensors") ==
            hub_->weights);
  }

  void row10_a_signed_address_that_expired() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    hub_->server.add_fault({.matches = "/blob/model", .status = 403});
    verify_whole();
    QCOMPARE(hub_->ranges().back(), std::string("bytes=50000-99999"));
  }

  void row11_too_little_space_is_said_before() {
    hub_->add_weights(1000);
    hub_->server.add("model.safetensors", {.content = "x", .listed_size = int64_t{1} << 49});
    VERIFY_ERROR(hub_->pull(), ErrorKind::no_space, "with a reserve of 5 %");
    QCOMPARE(hub_->server.body_bytes(), uint64_t{0});
  }

  void row11_the_disk_fills_up() {
    const std::string disk = hub_->home.path().toStdString() + "/disk";
    QVERIFY(std::filesystem::create_directory(disk));
    if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) QSKIP("mounting a small disk needs root");
    qputenv("HF_HUB_CACHE", QByteArray::fromStdString(disk));
    hub_->add_weights(700'000);
    std::ofstream(disk + "/other") << std::string(500'000, 'x');
    hub_->options.disk_reserve = -1;  // past the check beforehand: somebody else fills the disk meanwhile
    const auto full = hub_->pull();
    const size_t asked = hub_->ranges().size();
    std::filesystem::remove(disk + "/other");
    const uint64_t before = hub_->server.body_bytes();
    const auto whole = hub_->pull();
    const uint64_t after = hub_->server.body_bytes();
    const std::string found =
        content_of(disk + "/models--acme--tiny/snapshots/" + HubServer::kCommit + "/model.safetensors");
    QCOMPARE(umount2(disk.c_str(), MNT_DETACH), 0);
    VERIFY_ERROR(full, ErrorKind::no_space, "the disk is full");
    QVERIFY2(asked <= 12, "repeated although the disk is full");
    VERIFY_OK(whole);
    QVERIFY(found == hub_->weights);
    QVERIFY2(after - before < 400'000, "what was there before the disk was full was fetched again");
  }

  void row11_wherever_space_or_inodes_run_out() {
    const std::string disk = hub_->home.path().toStdString() + "/disk";
    QVERIFY(std::filesystem::create_directory(disk));
    qputenv("HF_HUB_CACHE", QByteArray::fromStdString(disk));
    hub_->add_weights(200'000);
    hub_->options.disk_reserve = -1;  // past the check beforehand
    std::vector<std::string> tight;
    for (int pages = 1; pages <= 60; pages += 3) tight.push_back(fmt::format("size={}k,nr_inodes=200", pages * 4));
    for (int inodes = 2; inodes <= 30; ++inodes) tight.push_back(fmt::format("size=1m,nr_inodes={}", inodes));
    int full = 0;
    for (const std::string& options : tight) {
      if (mount("tmpfs", disk.c_str(), "tmpfs", 0, options.c_str()) != 0) QSKIP("mounting a small disk needs root");
      const auto first = hub_->pull();
      const bool remounted = mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=1m,nr_inodes=200") == 0;
      const auto second = hub_->pull();
      const std::string found =
          content_of(disk + "/models--acme--tiny/snapshots/" + HubServer::kCommit + "/model.safetensors");
      QCOMPARE(umount2(disk.c_str(), MNT_DETACH), 0);
      QVERIFY2(first || first.error().kind == ErrorKind::no_space,
               (options + ": " + (first ? "" : first.error().message)).c_str());
      full += !first;
      QVERIFY(remounted);
      VERIFY_OK(second);
      QVERIFY2(found == hub_->weights, options.c_str());
    }
    QVERIFY2(full > 20 && full < static_cast<int>(tight.size()), qPrintable(QString::number(full)));
  }

  void row11_read_only_place() {
    if (geteuid() == 0) {
      hub_->spec.local_dir = "/proc/flightdeck";  // where not even root can write
      hub_->add_weights(1000);
      QVERIFY(!hub_->pull());
      return;
    }
    chmod(hub_->home.path().toStdString().c_str(), 0500);
    const auto result = hub_->pull();
    chmod(hub_->home.path().toStdString().c_str(), 0700);
    VERIFY_ERROR(result, ErrorKind::io, "permission");
  }

  void row12_two_at_once_download_once() {
    hub_->add_weights(500'000);
    hub_->server.set_drip(2'000'000);
    DownloadJob first(hub_->spec, hub_->options), second(hub_->spec, hub_->options);
    Result<void> other;
    {
      std::jthread thread([&] { other = second.run({}); });
      VERIFY_OK(first.run({}));
    }
    VERIFY_OK(other);
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QTRY_COMPARE(hub_->server.body_bytes(), uint64_t{500'000 + 22});
    QCOMPARE(hub_->leftovers(), size_t{0});
  }

  void row12_two_writers_without_locks() {
    hub_->add_weights(500'000);
    hub_->server.set_drip(4'000'000);
    const auto hub = std::move(*make_hub_client(HubKind::hugging_face, hub_->options.hub));
    const RepoListing listing = *hub->list(hub_->spec.repo, hub->default_revision());
    const RemoteFile& file = listing.files.at(1);
    Result<void> results[2];
    {
      std::vector<std::jthread> writers;
      for (auto& result : results)
        writers.emplace_back([&] {
          Unlocked store(std::move(*open_store(HubKind::hugging_face, listing, "")));
          FileProgress progress;
          result = FileTransfer(*hub, listing, file, store, hub_->options.transfer, progress).run({});
        });
    }
    for (const auto& result : results) VERIFY_OK(result);
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QCOMPARE(hub_->leftovers(), size_t{0});
    QTRY_COMPARE(hub_->server.body_bytes(), uint64_t{1'000'000});  // the server counts a moment later
  }

  void row13_a_crash_of_the_machine_costs_what_was_not_synced_data() {
    QTest::addColumn<bool>("is_shorter");
    QTest::newRow("pages lost") << false;
    QTest::newRow("file shorter") << true;
  }
  void row13_a_crash_of_the_machine_costs_what_was_not_synced() {
    QFETCH(bool, is_shorter);
    hub_->add_weights(200'000);
    hub_->options.transfer.sync_bytes = 16 << 10;
    hub_->server.set_drip(250'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 150'000});
    stop_after_first_failure();
    hub_->server.set_drip(0);
    const std::string partial = partial_path(), journal = partial + ".journal";
    size_t kept = last_synced(content_of(journal));
    QVERIFY2(kept > 0 && kept <= 150'000, content_of(journal).c_str());
    // As after a power cut: what was not synced is zeros or gone, the journal's last line is torn, another boot.
    if (is_shorter) kept -= 10;
    std::string bytes = content_of(partial).substr(0, kept);
    if (!is_shorter) bytes.resize(150'000, '\0');
    std::ofstream(partial, std::ios::binary) << bytes;
    std::string text = content_of(journal);
    const size_t boot = text.find("\"boot\":\"") + 8;
    text[boot] = text[boot] == '0' ? '1' : '0';
    std::ofstream(journal, std::ios::binary) << text << "s 0 19999";
    hub_->server.forget_requests();
    verify_whole();
    QCOMPARE(hub_->ranges(), std::vector<std::string>{fmt::format("bytes={}-199999", kept)});
  }

  void row13_a_damaged_journal_is_none_data() {
    QTest::addColumn<QByteArray>("text");
    for (const char* text : {"", "{", "[]\n", "{\"version\":2}\n", "\xff\xfe\n", "w 0 100\n"})
      QTest::newRow(text) << QByteArray(text);
  }
  void row13_a_damaged_journal_is_none() {
    QFETCH(QByteArray, text);
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    stop_after_first_failure();
    std::ofstream(partial_path() + ".journal", std::ios::binary) << text.toStdString();
    hub_->server.forget_requests();
    verify_whole();
    QCOMPARE(hub_->ranges(), std::vector<std::string>{""});
  }

  void row16_digests_that_are_paths_data() {
    QTest::addColumn<QString>("hash");
    const QString good(64, 'a');
    for (const QString& hash :
         {QString("../../x"), good.left(63), good + "a", QString(64, 'g'), QString("/etc/passwd")})
      QTest::addRow("%s", qPrintable(hash)) << hash;
  }
  void row16_digests_that_are_paths() {
    QFETCH(QString, hash);
    hub_->server.add("model.safetensors", {.content = "x", .listed_hash = hash.toStdString()});
    VERIFY_ERROR(hub_->pull(), ErrorKind::corrupt, "sha256");
    QVERIFY(!std::filesystem::exists(hub_->repo_dir()));
  }
  void row16_a_commit_that_is_a_path() {
    hub_->add_weights(10);
    for (const char* commit : {"../../../../tmp", "main", "0123456789abcdef0123456789abcdef0123456", ""}) {
      hub_->server.set_commit(commit);
      QVERIFY(!hub_->pull());
    }
    QVERIFY(!std::filesystem::exists(hub_->repo_dir()));
  }

  void row17_links_are_not_followed() {
    const std::string outside = hub_->home.path().toStdString() + "/outside";
    std::filesystem::create_directories(outside);
    std::filesystem::create_directories(hub_->repo_dir());
    std::filesystem::create_directory_symlink(outside, hub_->repo_dir() + "/blobs");
    hub_->add_weights(1000);
    VERIFY_ERROR(hub_->pull(), ErrorKind::io, "symbolic link");
    QVERIFY(std::filesystem::is_empty(outside));
  }
  void row17_a_link_instead_of_the_partial_file() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    stop_after_first_failure();
    const std::string partial = partial_path(), victim = hub_->home.path().toStdString() + "/victim";
    std::ofstream(victim) << "mine";
    std::filesystem::remove(partial);
    std::filesystem::create_symlink(victim, partial);
    VERIFY_ERROR(hub_->pull(), ErrorKind::io, "symbolic link");
    QCOMPARE(content_of(victim), std::string("mine"));
  }

  void row19_silence_is_noticed() {
    hub_->add_weights(100'000);
    hub_->options.hub.http.stall_timeout = std::chrono::milliseconds(300);
    hub_->server.add_fault({.matches = "/blob/model", .hang_after = 1});
    QElapsedTimer timer;
    timer.start();
    verify_whole();
    QVERIFY(timer.elapsed() >= 300);
    QVERIFY(hub_->ranges().size() >= 2);
    QCOMPARE(hub_->ranges()[1], std::string("bytes=1-99999"));
  }
  void row19_a_stop_is_quick() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .times = -1, .hang_after = 1});
    qint64 quickest = 10'000;
    for (int i = 1; i <= 5 && quickest >= 200; ++i) {  // a busy machine may hold up one, not all
      std::stop_source stop;
      QElapsedTimer timer;
      std::jthread canceller([&] {
        hub_->server.wait_for_request("/blob/model", i);
        timer.start();
        stop.request_stop();
      });
      VERIFY_ERROR(hub_->pull(stop.get_token()), ErrorKind::cancelled, "");
      quickest = std::min(quickest, timer.elapsed());
    }
    QVERIFY2(quickest < 200, qPrintable(QString::number(quickest)));
    hub_->server.clear_faults();
    verify_whole();
  }

  void gzip_nobody_asked_for_is_not_appended() {
    hub_->add_weights(100'000);
    hub_->server.add_fault({.matches = "/blob/model", .cut_after = 50'000});
    hub_->server.add_fault({.matches = "/blob/model", .gzip_header = true});
    verify_whole();
  }

  void row22_no_hash_is_unverified() {
    hub_->spec.hub = HubKind::model_scope;
    hub_->server.add("model.safetensors", {.content = "abc", .listed_hash = "-"});
    VERIFY_OK(hub_->pull());
    QVERIFY(!hub_->job->snapshot().files.back().is_verifiable);
  }

 private:
  /// One request for the weights, cut; then the run ends as a closed program would.
  void stop_after_first_failure() {
    const auto usual = hub_->options.hub.retry;
    hub_->options.hub.retry.attempts = 1;
    QVERIFY(!hub_->pull());
    hub_->options.hub.retry = usual;
    QVERIFY(std::filesystem::exists(partial_path()));
  }
  /// Bytes of part 0 that the journal calls synced.
  static size_t last_synced(const std::string& journal) {
    const size_t at = journal.rfind("\ns 0 ");
    return at == std::string::npos ? 0 : std::stoul(journal.substr(at + 5));
  }
  std::string partial_path() const {
    for (const std::string& name : hub_->blobs())
      if (name.ends_with(".incomplete") && name.size() > 64) return hub_->repo_dir() + "/blobs/" + name;
    return "";
  }
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(DownloadFaultsTest)
#include "download_faults_test.moc"
