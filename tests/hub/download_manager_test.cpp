// The queue: what observers see, pause and resume, restarts, and a thousand clicks.
#include "core/hub/download_manager.h"

#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class DownloadManagerTest : public QObject {
  Q_OBJECT

  std::unique_ptr<DownloadManager> manager() {
    DownloadManager::Options options;
    options.job = hub_->options;
    options.tick = std::chrono::milliseconds(5);
    auto made = std::make_unique<DownloadManager>(options);
    made->observe([this](const std::vector<JobSnapshot>& jobs) {
      const std::lock_guard lock(mutex_);
      seen_ = jobs;
      changed_.notify_all();
    });
    return made;
  }
  /// Blocks until the only job is in `state`.
  bool reaches(JobState state) {
    return reaches([state](JobState now) { return now == state; });
  }
  bool reaches(const std::function<bool(JobState)>& wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return seen_.size() == 1 && wanted(seen_[0].state); });
  }

 private slots:
  void init() {
    hub_ = std::make_unique<HubFixture>();
    seen_.clear();
  }

  void a_job_is_seen_to_its_end() {
    hub_->add_weights(100'000);
    const auto downloads = manager();
    downloads->add(hub_->spec);
    QVERIFY(reaches(JobState::completed));
    QCOMPARE(seen_[0].done_bytes, uint64_t{100'022});
    QVERIFY(hub_->is_installed());
    QCOMPARE(downloads->add(hub_->spec), uint64_t{1});  // the same job, once more
  }

  void paused_and_resumed_without_fetching_twice() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(1'000'000);
    const auto downloads = manager();
    const uint64_t id = downloads->add(hub_->spec);
    QVERIFY(hub_->server.wait_for_request("/blob/model"));
    downloads->pause(id);
    QVERIFY(reaches(JobState::paused));
    QVERIFY(!hub_->is_installed());
    hub_->server.set_drip(0);
    downloads->resume(id);
    QVERIFY(reaches(JobState::completed));
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
  }

  void a_restart_keeps_the_list() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(1'000'000);
    {
      const auto downloads = manager();
      downloads->add(hub_->spec);
      QVERIFY(hub_->server.wait_for_request("/blob/model"));
    }
    hub_->server.set_drip(0);
    const auto downloads = manager();
    QCOMPARE(downloads->snapshots().size(), size_t{1});
    QCOMPARE(downloads->snapshots()[0].state, JobState::paused);
    QCOMPARE(downloads->snapshots()[0].spec.repo.text(), std::string("acme/tiny"));
    downloads->resume(downloads->snapshots()[0].id);
    QVERIFY(reaches(JobState::completed));
  }

  void cancelling_leaves_nothing() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(1'000'000);
    const auto downloads = manager();
    const uint64_t id = downloads->add(hub_->spec);
    QVERIFY(hub_->server.wait_for_request("/blob/model"));
    downloads->cancel(id);
    QVERIFY(reaches(JobState::cancelled));
    QCOMPARE(hub_->leftovers(), size_t{0});
  }

  void cancelling_a_paused_one_leaves_nothing() {
    hub_->add_weights(400'000);
    hub_->server.set_drip(1'000'000);
    auto downloads = manager();
    const uint64_t id = downloads->add(hub_->spec);
    QVERIFY(hub_->server.wait_for_request("/blob/model"));
    downloads->pause(id);
    QVERIFY(reaches(JobState::paused));
    QVERIFY(hub_->leftovers() > 0);
    downloads = nullptr;
    downloads = manager();
    downloads->cancel(id);
    QVERIFY(reaches(JobState::cancelled));
    QCOMPARE(hub_->leftovers(), size_t{0});
  }

  void failures_say_why_and_can_be_tried_again() {
    hub_->add_weights(1000);
    hub_->server.add_fault({.matches = "/revision/", .status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}});
    const auto downloads = manager();
    const uint64_t id = downloads->add(hub_->spec);
    QVERIFY(reaches(JobState::failed));
    QVERIFY(QString::fromStdString(seen_[0].message).contains("acme/tiny"));
    downloads->resume(id);
    QVERIFY(reaches(JobState::completed));
    QCOMPARE(seen_[0].message, std::string());
  }

  void a_damaged_list_is_no_list() {
    std::filesystem::create_directories(hub_->home.path().toStdString() + "/flightdeck/data");
    for (const char* text : {"", "[]", "{\"jobs\":[1,{},{\"id\":-1}]}", "{\"jobs\":{}}"}) {
      std::ofstream(hub_->home.path().toStdString() + "/flightdeck/data/downloads.json") << text;
      QCOMPARE(manager()->snapshots().size(), size_t{0});
    }
  }

  void row23_a_thousand_clicks() {
    hub_->add_weights(300'000);
    hub_->server.set_drip(3'000'000);
    const auto downloads = manager();
    const uint64_t id = downloads->add(hub_->spec);
    std::mt19937 random(23);
    for (int i = 0; i < 1000; ++i) {
      switch (random() % 3) {
        case 0:
          downloads->pause(id);
          break;
        case 1:
          downloads->resume(id);
          break;
        default:
          downloads->cancel(id);
      }
      if (i % 50 != 0) continue;
      downloads->add(hub_->spec);  // so that clicks fall into every phase, not only into the queue
      QVERIFY(reaches([](JobState state) { return state >= JobState::listing && state != JobState::paused; }));
    }
    hub_->server.set_drip(0);
    downloads->add(hub_->spec);
    QVERIFY(reaches(JobState::completed));
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QCOMPARE(hub_->leftovers(), size_t{0});
  }

 private:
  std::unique_ptr<HubFixture> hub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobSnapshot> seen_;
};

QTEST_GUILESS_MAIN(DownloadManagerTest)
#include "download_manager_test.moc"
