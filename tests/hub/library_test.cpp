// Models that are stored: where they came from, whether they are still whole, and disks that go away.
#include "core/hub/library.h"

#include "core/hub/download_manager.h"
#include "core/hub/origin.h"
#include "core/hub/verify.h"
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;
namespace fs = std::filesystem;

class LibraryTest : public QObject {
  Q_OBJECT

  std::string home() const { return hub_->home.path().toStdString(); }
  void pull_from(HubKind kind) {
    hub_->add_weights(1000);
    hub_->spec.hub = kind;
    VERIFY_OK(hub_->pull());
  }
  /// One byte of a stored file changes, its size and time do not: what a failing disk does.
  static void damage(const std::string& path) {
    const auto time = fs::last_write_time(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const int byte = file.get();
    file.seekp(0).put(static_cast<char>(~byte));
    file.close();
    fs::last_write_time(path, time);
  }
  void both_hubs() {
    QTest::addColumn<int>("hub");
    QTest::newRow("Hugging Face") << static_cast<int>(HubKind::hugging_face);
    QTest::newRow("ModelScope") << static_cast<int>(HubKind::model_scope);
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void folders_know_their_repository() {
    pull_from(HubKind::hugging_face);
    const auto hugging_face = origin_of(hub_->job->snapshot().folder + "/");
    QVERIFY(hugging_face && hugging_face->hub == HubKind::hugging_face);
    QCOMPARE(hugging_face->repo.text(), std::string("acme/tiny"));
    QCOMPARE(hugging_face->revision, std::string(HubServer::kCommit));
    pull_from(HubKind::model_scope);
    const auto model_scope = origin_of(hub_->job->snapshot().folder);
    QVERIFY(model_scope && model_scope->hub == HubKind::model_scope && model_scope->revision == "master");
    hub_->spec.local_dir = home() + "/here";
    pull_from(HubKind::hugging_face);
    const auto here = origin_of(home() + "/here");
    QVERIFY(here && here->repo.text() == "acme/tiny" && here->revision == HubServer::kCommit);
  }
  void older_folders_of_model_scope_know_theirs() {
    const auto older = origin_of(home() + "/ms/hub/models/Qwen/Qwen2___5-7B");
    QVERIFY(older && older->hub == HubKind::model_scope && older->revision.empty());
    QCOMPARE(older->repo.text(), std::string("Qwen/Qwen2.5-7B"));
  }
  void other_folders_have_none() {
    fs::create_directories(home() + "/mine/.cache/flightdeck");
    for (const char* note : {"", "{", "[]", "{\"hub\":\"huggingface\",\"repository\":\"../x\",\"revision\":\"main\"}",
                             "{\"hub\":\"elsewhere\",\"repository\":\"a/b\",\"revision\":\"main\"}"}) {
      std::ofstream(home() + "/mine/.cache/flightdeck/origin.json") << note;
      QVERIFY2(!origin_of(home() + "/mine"), note);
    }
    QVERIFY(!origin_of("/x/models--no/snapshots/main") && !origin_of("/x/models--a--b/snapshots/.."));
    QVERIFY(!origin_of("/x/a--b/snapshots/main"));
  }

  void a_whole_model_verifies_without_a_network_data() { both_hubs(); }
  void a_whole_model_verifies_without_a_network() {
    QFETCH(int, hub);
    pull_from(static_cast<HubKind>(hub));
    hub_->server.forget_requests();
    uint64_t most = 0, all = 0;
    const auto report = verify(cached_models().at(0), nullptr,
                               [&](uint64_t done, uint64_t total) { most = std::max(most, done), all = total; }, {});
    VERIFY_OK(report);
    QVERIFY(report->is_whole() && report->unverified.empty());
    QCOMPARE(report->files, size_t{2});
    QCOMPARE(report->bytes, uint64_t{1022});
    QCOMPARE(most, uint64_t{1022});
    QCOMPARE(all, uint64_t{1022});
    QCOMPARE(hub_->server.requests().size(), size_t{0});
  }

  void damage_is_found_and_mended_by_the_next_pull_data() { both_hubs(); }
  void damage_is_found_and_mended_by_the_next_pull() {
    QFETCH(int, hub);
    pull_from(static_cast<HubKind>(hub));
    const std::string weights = hub_->job->snapshot().folder + "/model.safetensors";
    damage(weights);
    const CachedModel model = cached_models().at(0);
    QCOMPARE(verify(model, nullptr, {}, {})->damaged, std::vector<std::string>{"model.safetensors"});
    hub_->server.forget_requests();
    hub_->options.transfer.verify_present = true;
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(weights) == hub_->weights);
    QVERIFY(verify(model, nullptr, {}, {})->is_whole());
    QTRY_COMPARE(hub_->server.body_bytes(), uint64_t{1000});  // the file that is whole is not fetched again
  }

  void what_the_hub_lists_tells_what_is_missing_and_unnoted() {
    pull_from(HubKind::hugging_face);
    const auto hub = std::move(*make_hub_client(HubKind::hugging_face, hub_->options.hub));
    const RepoListing listing = *hub->list(hub_->spec.repo, hub->default_revision());
    const CachedModel model = cached_models().at(0);
    fs::remove(model.folder + "/model.safetensors");
    QCOMPARE(verify(model, &listing, {}, {})->missing, std::vector<std::string>{"model.safetensors"});
    // A copy instead of a link, as on file systems without links: only the listing knows its hash.
    std::ofstream(model.folder + "/model.safetensors", std::ios::binary) << hub_->weights;
    QCOMPARE(verify(model, nullptr, {}, {})->unverified, std::vector<std::string>{"model.safetensors"});
    QVERIFY(verify(model, &listing, {}, {})->is_whole() && verify(model, &listing, {}, {})->unverified.empty());
    damage(model.folder + "/model.safetensors");
    QCOMPARE(verify(model, &listing, {}, {})->damaged, std::vector<std::string>{"model.safetensors"});
  }

  void row22_without_a_listed_hash_the_first_one_counts() {
    hub_->spec.hub = HubKind::model_scope;
    const std::string content = random_bytes(1000);
    hub_->server.add("model.safetensors", {.content = content, .listed_hash = "-"});
    VERIFY_OK(hub_->pull());
    VERIFY_OK(hub_->pull());  // finds it there, and must not forget its hash
    const CachedModel model = cached_models().at(0);
    QVERIFY(verify(model, nullptr, {}, {})->unverified.empty());
    damage(model.folder + "/model.safetensors");
    QCOMPARE(verify(model, nullptr, {}, {})->damaged, std::vector<std::string>{"model.safetensors"});
    hub_->options.transfer.verify_present = true;
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(model.folder + "/model.safetensors") == content);
  }

  void a_link_to_nothing_is_damage() {
    pull_from(HubKind::hugging_face);
    fs::remove(fs::canonical(hub_->snapshot("model.safetensors")));
    QCOMPARE(verify(cached_models().at(0), nullptr, {}, {})->damaged, std::vector<std::string>{"model.safetensors"});
  }

  void verifying_stops_when_told() {
    pull_from(HubKind::hugging_face);
    std::stop_source stop;
    stop.request_stop();
    VERIFY_ERROR(verify(cached_models().at(0), nullptr, {}, stop.get_token()), ErrorKind::cancelled, "cancelled");
    VERIFY_ERROR(verify({.folder = home() + "/none"}, nullptr, {}, {}), ErrorKind::not_found, "/none");
  }

  void the_manager_verifies_what_is_complete() {
    hub_->add_weights(1000);
    DownloadManager downloads({.job = hub_->options});
    const uint64_t id = downloads.add(hub_->spec);
    const auto state = [&] { return downloads.snapshots().at(0).state; };
    QTRY_COMPARE(state(), JobState::completed);
    damage(fs::canonical(hub_->snapshot("model.safetensors")).string());
    hub_->server.forget_requests();
    downloads.verify(id);
    QVERIFY(hub_->server.wait_for_request("/blob/model"));
    QTRY_COMPARE(state(), JobState::completed);
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
  }

  void row21_models_of_an_unplugged_disk_stay_listed() {
    pull_from(HubKind::hugging_face);
    QCOMPARE(library().size(), size_t{1});
    const std::string store = home() + "/hf", elsewhere = home() + "/unplugged";
    fs::rename(store, elsewhere);
    const auto gone = library();
    QCOMPARE(gone.size(), size_t{1});
    QVERIFY(gone[0].is_offline && gone[0].model.repo.text() == "acme/tiny" && gone[0].model.bytes == 1022);
    fs::create_directories(hugging_face_cache());  // an empty mount point
    QCOMPARE(library().size(), size_t{1});
    QVERIFY(library()[0].is_offline);
    fs::remove_all(store);
    fs::rename(elsewhere, store);
    const auto back = library();
    QVERIFY(back.size() == 1 && !back[0].is_offline);
    VERIFY_OK(remove_cached(back[0].model));  // with the disk there, gone is gone
    QCOMPARE(library().size(), size_t{0});
  }

  void row21_the_disk_goes_in_mid_download() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(400'000);
    DownloadManager downloads({.job = hub_->options});
    const uint64_t id = downloads.add(hub_->spec);
    const auto job = [&] { return downloads.snapshots().at(0); };
    QTRY_VERIFY(job().done_bytes > 100'000);
    fs::rename(home() + "/hf", home() + "/unplugged");
    hub_->server.set_drip(0);
    QTRY_COMPARE(job().state, JobState::paused);
    QVERIFY2(job().message.find("plug it in and resume") != std::string::npos, job().message.c_str());
    // Trying again while it is away begins nothing on the disk below.
    downloads.resume(id);
    QTRY_COMPARE(job().state, JobState::paused);
    QVERIFY(!fs::exists(home() + "/hf"));
    fs::rename(home() + "/unplugged", home() + "/hf");
    hub_->server.forget_requests();
    downloads.resume(id);
    QTRY_COMPARE(job().state, JobState::completed);
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QVERIFY2(hub_->server.body_bytes() < 400'000, "what had come was fetched again");
  }

  void row21_the_disk_is_away_at_the_start() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(400'000);
    {
      DownloadManager downloads({.job = hub_->options});
      downloads.add(hub_->spec);
      QTRY_VERIFY(downloads.snapshots().at(0).done_bytes > 100'000);
    }
    hub_->server.set_drip(0);
    fs::rename(home() + "/hf", home() + "/unplugged");
    DownloadManager downloads({.job = hub_->options});
    const auto job = [&] { return downloads.snapshots().at(0); };
    QCOMPARE(job().state, JobState::paused);
    const uint64_t before = job().done_bytes;
    downloads.resume(job().id);
    QTRY_VERIFY(job().message.find("plug it in") != std::string::npos);
    QCOMPARE(job().done_bytes, before);
    fs::rename(home() + "/unplugged", home() + "/hf");
    downloads.resume(job().id);
    QTRY_COMPARE(job().state, JobState::completed);
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
  }

  void a_damaged_list_of_models_hides_nothing() {
    pull_from(HubKind::hugging_face);
    fs::create_directories(home() + "/flightdeck/data");
    for (const char* text : {"", "[]", "{\"models\":[1,{\"root\":7}]}", "{\"models\":{}}"}) {
      std::ofstream(home() + "/flightdeck/data/library.json") << text;
      QCOMPARE(library().size(), size_t{1});
    }
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(LibraryTest)
#include "library_test.moc"
