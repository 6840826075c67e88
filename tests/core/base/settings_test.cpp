#include "core/base/settings.h"

#include <filesystem>
#include <fstream>

#include "core/base/file.h"
#include "core/base/logging.h"
#include "core/base/memory.h"
#include "core/base/paths.h"
#include "tests/support/expect_error.h"

using namespace flightdeck;

/// What lies in the user's folders: paths, settings and the log.
class SettingsTest : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    qputenv("FLIGHTDECK_HOME", folder_->path().toUtf8());
  }

  void defaults_without_a_file() {
    std::string warning;
    QCOMPARE(load_settings(&warning).device, std::string("auto"));
    QCOMPARE(warning, std::string());
  }

  void round_trip() {
    Settings settings;
    settings.device = "cpu";
    settings.cpu_threads = 3;
    settings.theme = "dark";
    settings.language = "zh";
    settings.model_folders = {"/models/山", "/b"};
    settings.engines_folder = "/e", settings.last_engine = "/e/x";
    settings.load_last_engine = false, settings.kv_cache_fraction = 0.5, settings.max_batch_size = 4;
    VERIFY_OK(save_settings(settings));
    const Settings read = load_settings();
    QVERIFY(read.device == "cpu" && read.cpu_threads == 3 && read.theme == "dark" && read.language == "zh");
    QVERIFY(read.model_folders == settings.model_folders && read.engines_folder == "/e" && read.last_engine == "/e/x");
    QVERIFY(!read.load_last_engine && read.kv_cache_fraction == 0.5 && read.max_batch_size == 4);
  }

  void unknown_fields_are_kept() {
    write(R"({"from_the_future": {"x": [1]}, "device": "cpu"})");
    VERIFY_OK(save_settings(load_settings()));
    const auto text = read_file(file(), 10'000);
    VERIFY_OK(text);
    const QByteArray compact = QByteArray::fromStdString(*text).replace(" ", "").replace("\n", "");
    QVERIFY2(compact.contains(R"("from_the_future":{"x":[1]})") && compact.contains(R"("device":"cpu")"), compact);
  }

  void damaged_files_are_kept_aside_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::newRow("cut") << QByteArray("{\"device\": \"cp");
    QTest::newRow("NULs after a power cut") << QByteArray(64, '\0');
    QTest::newRow("no object") << QByteArray("[]");
    QTest::newRow("empty") << QByteArray();
  }
  void damaged_files_are_kept_aside() {
    QFETCH(QByteArray, content);
    write(content.toStdString());
    std::string warning;
    QCOMPARE(load_settings(&warning).device, std::string("auto"));
    QVERIFY(warning.find("settings.json.bad") != std::string::npos);
    QCOMPARE(*read_file(file() + ".bad", 1000), content.toStdString());
    VERIFY_OK(save_settings({}));
    QVERIFY(std::filesystem::exists(file()));
  }

  void one_bad_field_costs_only_itself() {
    write(
        R"({"device": "cpu", "cpu_threads": -4, "theme": "pink", "max_batch_size": "8", "model_folders": [1, "/m"]})");
    std::string warning;
    const Settings settings = load_settings(&warning);
    QVERIFY(settings.device == "cpu" && settings.cpu_threads == 0 && settings.theme == "system");
    QCOMPARE(settings.model_folders, std::vector<std::string>{"/m"});
    for (const char* field : {"cpu_threads", "theme", "max_batch_size"})
      QVERIFY2(warning.find(field) != std::string::npos, field);
  }

  void a_path_of_broken_bytes_does_not_stop_saving() {
    Settings settings;
    settings.last_engine = "/e/\xff";
    VERIFY_OK(save_settings(settings));
    QVERIFY(load_settings().last_engine.starts_with("/e/"));
  }

  void folders_follow_xdg() {
    qunsetenv("FLIGHTDECK_HOME");
    qputenv("HOME", "/home/somebody");
    qputenv("XDG_CONFIG_HOME", "/xdg/config");
    qputenv("XDG_DATA_HOME", "relative/is/ignored");
    QCOMPARE(config_dir(), std::string("/xdg/config/flightdeck"));
    QCOMPARE(engines_dir(), std::string("/home/somebody/.local/share/flightdeck/engines"));
    qputenv("FLIGHTDECK_HOME", "/portable");
    QCOMPARE(config_dir(), std::string("/portable/config"));
    QCOMPARE(models_dir(), std::string("/portable/data/models"));
  }

  void resources_are_found() { QVERIFY(std::filesystem::is_directory(resources_dir())); }

  void log_goes_to_a_rotating_file() {
    init_logging(false);
    for (int i = 0; i < 9000; ++i) spdlog::info("line {} {}", i, std::string(1000, 'x'));
    spdlog::debug("not of interest");
    spdlog::drop_all();
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(state_dir())) {
      ++files;
      QVERIFY(entry.file_size() <= 2u << 20);
    }
    QCOMPARE(files, 3);
  }

  void an_unwritable_log_folder_is_no_failure() {
    qputenv("FLIGHTDECK_HOME", "/dev/null");
    init_logging(false);
    spdlog::info("goes nowhere");
  }

  void memory_numbers_are_plausible() {
    const std::string block(64 << 20, 'x');
    QVERIFY(process_memory_bytes() >= block.size());
    QVERIFY(process_peak_memory_bytes() >= process_memory_bytes() - (1 << 20));
    QVERIFY(available_memory_bytes() > 0 && available_memory_bytes() <= total_memory_bytes());
  }

 private:
  static std::string file() { return config_dir() + "/settings.json"; }
  static void write(const std::string& content) {
    std::filesystem::create_directories(config_dir());
    std::ofstream(file()) << content;
  }
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(SettingsTest)
#include "settings_test.moc"
