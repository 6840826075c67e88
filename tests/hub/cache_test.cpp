// The cache shared with other tools: found by them, found by us, and nothing removed that somebody needs.
#include "tests/hub/hub_fixture.h"

using namespace flightdeck;
using namespace flightdeck::test;

class CacheTest : public QObject {
  Q_OBJECT

  /// Prints what `code` prints with huggingface_hub; nothing when that is not installed.
  static std::optional<std::string> python(const QString& code) {
    const QString named = qEnvironmentVariable("FLIGHTDECK_TEST_PYTHON", "python3");
    QProcess process;
    process.start(named, {"-c", "import huggingface_hub"});
    if (!process.waitForFinished(60'000) || process.exitCode() != 0) return {};
    process.start(named, {"-c", code});
    process.waitForFinished(60'000);
    return (process.readAllStandardOutput() + process.readAllStandardError()).trimmed().toStdString();
  }

 private slots:
  void init() { hub_ = std::make_unique<HubFixture>(); }

  void huggingface_hub_finds_ours() {
    hub_->add_weights(300'000);
    hub_->server.add("sub/vocab.json", {.content = "{}", .is_lfs = false});
    hub_->spec.filter.include = {"*"};
    VERIFY_OK(hub_->pull());
    const auto said = python(
        "from huggingface_hub import snapshot_download, hf_hub_download, scan_cache_dir\n"
        "print(snapshot_download('acme/tiny', local_files_only=True))\n"
        "print(hf_hub_download('acme/tiny', 'sub/vocab.json', local_files_only=True))\n"
        "print(len(scan_cache_dir().warnings), next(iter(scan_cache_dir().repos)).nb_files)");
    if (!said) QSKIP("huggingface_hub is not installed (FLIGHTDECK_TEST_PYTHON names a Python that has it)");
    const std::string folder = hub_->job->snapshot().folder;
    QCOMPARE(*said, folder + "\n" + folder + "/sub/vocab.json\n0 3");
  }

  void we_find_what_huggingface_hub_downloaded() {
    hub_->add_weights(300'000);
    const auto said =
        python(QString("import os\nos.environ['HF_ENDPOINT']='%1'\nos.environ['HF_HUB_DISABLE_XET']='1'\n"
                       "from huggingface_hub import hf_hub_download\n"
                       "for name in ('config.json', 'model.safetensors'): hf_hub_download('acme/tiny', name)\n"
                       "print('done')")
                   .arg(QString::fromStdString(hub_->server.endpoint())));
    if (!said) QSKIP("huggingface_hub is not installed (FLIGHTDECK_TEST_PYTHON names a Python that has it)");
    QVERIFY2(said->ends_with("done"), said->c_str());
    hub_->server.forget_requests();
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->server.body_bytes(), uint64_t{0});
    QVERIFY(content_of(hub_->snapshot("model.safetensors")) == hub_->weights);
    QCOMPARE(*find_cached(*RepoId::parse("acme/tiny")), hub_->job->snapshot().folder);
  }

  void removing_keeps_what_another_revision_needs() {
    hub_->add_weights(1000);
    VERIFY_OK(hub_->pull());
    const CachedModel old = cached_models().at(0);
    QCOMPARE(old.bytes, uint64_t{1022});
    hub_->server.set_commit(std::string(40, 'b'));
    hub_->server.add("config.json", {.content = "{\"new\":1}", .is_lfs = false});
    VERIFY_OK(hub_->pull());
    QCOMPARE(cached_models().size(), size_t{2});
    QCOMPARE(*remove_cached(old), uint64_t{22});  // the old config; the weights are shared
    QVERIFY(content_of(*find_cached(*RepoId::parse("acme/tiny")) + "/model.safetensors") == hub_->weights);
    QCOMPARE(*remove_cached(cached_models().at(0)), uint64_t{1009});
    QVERIFY(!std::filesystem::exists(hub_->repo_dir()));
    QVERIFY(!remove_cached({HubKind::hugging_face, *RepoId::parse("a/b"), "x", "/etc", 0}));
  }

  void equal_files_of_a_new_commit_are_not_fetched_again() {
    hub_->add_weights(1000);
    VERIFY_OK(hub_->pull());
    hub_->server.set_commit(std::string(40, 'b'));
    hub_->server.forget_requests();
    VERIFY_OK(hub_->pull());
    QCOMPARE(hub_->server.body_bytes(), uint64_t{0});
  }

  void model_scope_files_of_older_tools_are_taken_over() {
    hub_->add_weights(1000);
    hub_->spec.hub = HubKind::model_scope;
    const std::string older = hub_->home.path().toStdString() + "/ms/hub/models/acme/tiny";
    std::filesystem::create_directories(older);
    std::ofstream(older + "/model.safetensors", std::ios::binary) << hub_->weights;
    std::ofstream(older + "/config.json") << "damaged or another version";
    QCOMPARE(*find_cached(*RepoId::parse("acme/tiny")), older);
    VERIFY_OK(hub_->pull());
    QTRY_COMPARE(hub_->server.body_bytes(), uint64_t{22});
    QCOMPARE(content_of(hub_->job->snapshot().folder + "/config.json"), std::string("{\"model_type\":\"llama\"}"));
  }

  void a_plain_file_that_was_changed_is_fetched_again() {
    hub_->add_weights(1000);
    hub_->spec.local_dir = hub_->home.path().toStdString() + "/here";
    VERIFY_OK(hub_->pull());
    std::string changed = hub_->weights;
    changed[500] = static_cast<char>(~changed[500]);
    std::ofstream(hub_->spec.local_dir + "/model.safetensors", std::ios::binary) << changed;
    VERIFY_OK(hub_->pull());
    QVERIFY(content_of(hub_->spec.local_dir + "/model.safetensors") == hub_->weights);
  }

  void damage_is_found_later_data() {
    QTest::addColumn<int>("hub");
    QTest::newRow("Hugging Face") << static_cast<int>(HubKind::hugging_face);
    QTest::newRow("ModelScope") << static_cast<int>(HubKind::model_scope);
  }
  void damage_is_found_later() {
    QFETCH(int, hub);
    hub_->add_weights(1000);
    hub_->spec.hub = static_cast<HubKind>(hub);
    VERIFY_OK(hub_->pull());
    const CachedModel model = cached_models().at(0);
    QVERIFY(damaged_files(model, {})->empty());
    std::fstream(model.folder + "/model.safetensors", std::ios::in | std::ios::out | std::ios::binary).put('!');
    QCOMPARE(*damaged_files(model, {}), std::vector<std::string>{"model.safetensors"});
    std::stop_source stopped;
    stopped.request_stop();
    VERIFY_ERROR(damaged_files(model, stopped.get_token()), ErrorKind::cancelled, "cancelled");
  }

  void caches_are_where_the_environment_says() {
    QCOMPARE(hugging_face_cache(), hub_->home.path().toStdString() + "/hf/hub");
    qputenv("HUGGINGFACE_HUB_CACHE", "/second");
    QCOMPARE(hugging_face_cache(), std::string("/second"));
    qputenv("HF_HUB_CACHE", "~/first");
    QCOMPARE(hugging_face_cache(), hub_->home.path().toStdString() + "/first");
  }

 private:
  std::unique_ptr<HubFixture> hub_;
};

QTEST_GUILESS_MAIN(CacheTest)
#include "cache_test.moc"
