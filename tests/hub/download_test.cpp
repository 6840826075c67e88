// The plain way, end to end: list, choose, fetch, verify, install.
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class DownloadTest : public QObject {
  Q_OBJECT
 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void a_model_lands_in_the_cache() {
    hub_->add_weights(300'000);
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QVERIFY(std::filesystem::read_symlink(hub_->snapshot("config.json")).string().starts_with("../../blobs/"));
    QCOMPARE(content_of(hub_->repo_dir() + "/refs/main"), std::string(HubServer::kCommit));
    QCOMPARE(hub_->leftovers(), size_t{0});
    const JobSnapshot snapshot = hub_->job->snapshot();
    QCOMPARE(snapshot.state, JobState::completed);
    QCOMPARE(snapshot.done_bytes, snapshot.total_bytes);
  }

  void a_second_run_fetches_nothing() {
    hub_->add_weights(300'000);
    VERIFY_OK(hub_->pull());
    hub_->server.forget_requests();
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->server.body_bytes(), uint64_t{0});
  }

  void large_files_come_in_parts() {
    hub_->add_weights(500'000);
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->ranges().size(), size_t{8});
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
  }

  void a_file_of_no_bytes() {
    hub_->add_weights(1000);
    hub_->server.add("merges.txt", {.content = "", .is_lfs = false});
    VERIFY_OK(hub_->pull());
    QCOMPARE(content_of(hub_->snapshot("merges.txt")), std::string());
  }

  void paged_listings() {
    hub_->add_weights(1000);
    for (const char* name : {"tokenizer.json", "tokenizer_config.json", "vocab.json"})
      hub_->server.add(name, {.content = "{}", .is_lfs = false});
    hub_->server.page_size = 2;
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->job->snapshot().files.size(), size_t{5});
  }

  void model_scope_goes_to_its_own_cache() {
    hub_->add_weights(1000);
    hub_->spec.hub = HubKind::model_scope;
    VERIFY_OK(hub_->pull());
    const std::string folder = hub_->home.path().toStdString() + "/ms/models/acme--tiny/snapshots/master";
    QCOMPARE(hub_->job->snapshot().folder, folder);
    QVERIFY(content_of(folder + "/model.safetensors") == hub_->weights);
    hub_->server.forget_requests();
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->server.body_bytes(), uint64_t{0});
  }

  void local_dir_gets_plain_files() {
    hub_->add_weights(300'000);
    hub_->spec.local_dir = hub_->home.path().toStdString() + "/here";
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(hub_->spec.local_dir + "/model.safetensors") == hub_->weights);
    QVERIFY(!std::filesystem::is_symlink(hub_->spec.local_dir + "/model.safetensors"));
    QVERIFY(!std::filesystem::exists(hub_->repo_dir()));
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(DownloadTest)
#include "download_test.moc"
