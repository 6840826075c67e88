#include "core/engine/engine_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <random>

#include "core/engine/checksum.h"
#include "core/engine/engine_format.h"
#include "core/engine/partial_dir.h"
#include "tests/core/engine/engine_fixture.h"

using namespace flightdeck;
namespace fs = std::filesystem;
using test::EngineFixture;
using test::read_bytes;
using test::write_bytes;

namespace {

constexpr int kMutations = 400;

/// engine.json with `change` made to it and a checksum that fits again.
void rewrite_manifest(const std::string& engine, const std::function<void(Json&)>& change) {
  const std::string path = engine + "/engine.json";
  Json json = Json::parse(read_bytes(path));
  change(json);
  const std::string zeros(32, '0');
  json["checksum"] = zeros;
  std::string text = json.dump(2);
  write_bytes(path, text.replace(text.find(zeros), zeros.size(), checksum_of(text)));
}

void rewrite_plan(const std::string& engine, const std::function<void(Json&)>& change) {
  const std::string path = engine + "/plan.json";
  Json json = Json::parse(read_bytes(path));
  change(json);
  write_bytes(path, json.dump());
  rewrite_manifest(engine, [&](Json& manifest) { manifest["checksums"]["plan.json"] = checksum_of(json.dump()); });
}

/// Every value of the document, by pointer.
std::vector<Json::json_pointer> places_of(const Json& json) {
  std::vector<Json::json_pointer> places;
  const Json flat = json.flatten();
  for (const auto& [place, value] : flat.items()) places.emplace_back(place);
  return places;
}

Json odd_value(std::mt19937& random) {
  static const std::vector<Json> values = {0,
                                           -1,
                                           1,
                                           2,
                                           3,
                                           64,
                                           65,
                                           65537,
                                           INT32_MAX,
                                           INT64_MAX,
                                           UINT64_MAX,
                                           1e308,
                                           -0.5,
                                           "",
                                           "../../etc/passwd",
                                           "/etc/passwd",
                                           "\n",
                                           "int4_wo",
                                           "float32",
                                           "embedding",
                                           true,
                                           nullptr,
                                           Json::array(),
                                           Json::object(),
                                           std::string(100000, 'x')};
  return values[random() % values.size()];
}

/// Accepted or refused, never a crash; what is accepted can be read to its last byte.
void use(const std::string& path) {
  const auto engine = EngineDir::open(path);
  if (!engine) {
    QVERIFY(!engine.error().message.empty());
    return;
  }
  uint64_t sum = 0;
  for (const WeightSpec& spec : engine->plan().weights) {
    if (spec.role == WeightRole::vector) {
      QVERIFY(engine->vector(spec).has_value());
      continue;
    }
    const auto view = engine->weight(spec);
    if (!view) continue;
    const auto* bytes = static_cast<const uint8_t*>(view->data);
    const size_t size = data_bytes(view->format, static_cast<size_t>(view->rows), static_cast<size_t>(view->cols));
    sum += bytes[0] + bytes[size - 1];
  }
  QVERIFY(sum < UINT64_MAX);
}

}  // namespace

class EngineDirTest : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() {
    BuildOptions options = fixture_.options(QFormat::int4_wo, "original");
    options.group_size = 32;
    options.measure_error = false;
    VERIFY_OK(build_engine(options));
  }
  void init() { fs::copy(fixture_.path("original"), engine(), fs::copy_options::recursive); }
  void cleanup() { fs::remove_all(engine()); }

  void opens_whole() {
    const auto opened = EngineDir::open(engine());
    VERIFY_OK(opened);
    VERIFY_OK(opened->verify());
    QVERIFY(opened->weight_bytes() > 0 && opened->path() == engine());
    opened->drop(opened->plan().weights[0]);
    VERIFY_ERROR(opened->verify([](double) { return false; }), ErrorKind::cancelled, "cancelled");
  }

  void row56_a_flipped_bit_anywhere_is_found() {
    std::mt19937 random(56);
    for (const auto& entry : fs::directory_iterator(engine())) {
      const std::string path = entry.path().string(), good = read_bytes(path);
      for (int round = 0; round < 12; ++round) {
        std::string bad = good;
        bad[round == 0   ? 0
            : round == 1 ? bad.size() - 1
                         : random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
        write_bytes(path, bad);
        const auto opened = EngineDir::open(engine());
        QVERIFY2(!opened || !opened->verify(), path.c_str());
      }
      write_bytes(path, good);
    }
    VERIFY_OK(EngineDir::open(engine())->verify());
  }

  void row56_every_page_of_the_weights() {
    const std::string path = engine() + "/weights-00001-of-00001.safetensors";
    const auto opened = EngineDir::open(engine());
    for (size_t at = 3000; at < fs::file_size(path); at += 4096) {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file.seekg(static_cast<std::streamoff>(at));
      const auto byte = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte ^ 4)).flush();
      VERIFY_ERROR(opened->verify(), ErrorKind::corrupt, "damaged (its checksum does not fit): build the engine again");
      file.seekp(static_cast<std::streamoff>(at)).put(byte);
    }
    VERIFY_OK(opened->verify());
  }

  void truncated_files_are_found_at_open() {
    for (const char* file : {"engine.json", "plan.json", "weights-00001-of-00001.safetensors"}) {
      const std::string path = engine() + "/" + file, good = read_bytes(path);
      for (const size_t size : {size_t{0}, size_t{1}, good.size() / 2, good.size() - 1}) {
        write_bytes(path, good.substr(0, size));
        VERIFY_ERROR(EngineDir::open(engine()), ErrorKind::corrupt, file);
      }
      fs::remove(path);
      QVERIFY(!EngineDir::open(engine()));
      write_bytes(path, good);
    }
  }

  void row57_newer_versions_are_refused() {
    rewrite_manifest(engine(), [](Json& json) { json["format_version"] = kEngineFormatVersion + 1; });
    VERIFY_ERROR(EngineDir::open(engine()), ErrorKind::unsupported, "made by a newer Flightdeck");
    rewrite_manifest(engine(), [](Json& json) { json["format_version"] = 0; });
    VERIFY_ERROR(EngineDir::open(engine()), ErrorKind::corrupt, "format_version is 0");
  }

  void row62_no_field_is_a_path() {
    for (const char* name : {"../original/plan.json", "/etc/passwd", "a/b", "c:d", "..", "", "a\\b", "a\nb"}) {
      rewrite_manifest(engine(), [&](Json& json) { json["checksums"][name] = std::string(32, 'a'); });
      VERIFY_ERROR(EngineDir::open(engine()), ErrorKind::corrupt, "is not a plain file name");
      rewrite_manifest(engine(), [&](Json& json) { json["checksums"].erase(name); });
    }
    VERIFY_OK(EngineDir::open(engine()));
  }

  void row62_mutated_manifests() {
    std::mt19937 random(62);
    const std::string good = read_bytes(engine() + "/engine.json");
    for (int round = 0; round < kMutations; ++round) {
      rewrite_manifest(engine(), [&](Json& json) {
        const auto places = places_of(json);
        json[places[random() % places.size()]] = odd_value(random);
      });
      use(engine());
      write_bytes(engine() + "/engine.json", good);
    }
  }

  void row62_mutated_plans() {
    std::mt19937 random(63);
    const std::string manifest = read_bytes(engine() + "/engine.json"), plan = read_bytes(engine() + "/plan.json");
    for (int round = 0; round < kMutations; ++round) {
      rewrite_plan(engine(), [&](Json& json) {
        const auto places = places_of(json);
        for (unsigned i = 0; i <= random() % 2; ++i) json[places[random() % places.size()]] = odd_value(random);
      });
      use(engine());
      write_bytes(engine() + "/engine.json", manifest);
      write_bytes(engine() + "/plan.json", plan);
    }
  }

  void row62_mutated_bytes() {
    std::mt19937 random(64);
    for (const char* file : {"engine.json", "plan.json", "weights-00001-of-00001.safetensors"}) {
      const std::string path = engine() + "/" + file, good = read_bytes(path);
      for (int round = 0; round < 60; ++round) {
        std::string bad = good;
        for (int i = 0; i < 3; ++i) bad[random() % std::min<size_t>(bad.size(), 8000)] = static_cast<char>(random());
        write_bytes(path, bad);
        if (path.ends_with("plan.json"))
          rewrite_manifest(engine(), [&](Json& json) { json["checksums"]["plan.json"] = checksum_of(bad); });
        use(engine());
      }
      write_bytes(path, good);
    }
  }

  void row65_scales_must_be_numbers() {
    const auto opened = EngineDir::open(engine());
    const std::string path = engine() + "/weights-00001-of-00001.safetensors";
    const auto file = SafetensorsFile::open(path).value();
    for (const TensorInfo& tensor : file.tensors()) {
      if (!tensor.name.ends_with(".scales")) continue;
      std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
      out.seekp(tensor.data.data() - file.file().bytes().data()).write("\x00\x00\x80\x7f", 4);  // infinity
    }
    for (const WeightSpec& spec : opened->plan().weights)
      if (spec.role == WeightRole::linear) VERIFY_ERROR(opened->weight(spec), ErrorKind::corrupt, "infinite");
  }

  void wrong_tensors_are_refused_data() {
    QTest::addColumn<QString>("qformat");
    QTest::addColumn<bool>("head");
    QTest::newRow("int8") << "int8_wo" << false;
    QTest::newRow("full") << "full_prec" << false;
    QTest::newRow("head") << "int4_wo" << true;
  }
  void wrong_tensors_are_refused() {
    QFETCH(QString, qformat);
    QFETCH(bool, head);
    rewrite_manifest(engine(), [&](Json& json) {
      json["qformat"] = qformat.toStdString();
      json["quantize_lm_head"] = head;
    });
    VERIFY_ERROR(EngineDir::open(engine()), ErrorKind::corrupt, "build the engine again");
  }

  void not_an_engine() {
    VERIFY_ERROR(EngineDir::open(fixture_.path("nothing")), ErrorKind::not_found,
                 "there is no such engine: check the path");
    VERIFY_ERROR(EngineDir::open(fixture_.model_dir()), ErrorKind::not_found, "is not an engine");
  }

  void lists_good_and_damaged_ones() {
    write_bytes(engine() + "/plan.json", "{}");
    fs::create_directory(fixture_.path("unfinished.partial"));
    const auto engines = list_engines(fs::path(engine()).parent_path().string());
    QCOMPARE(engines.size(), size_t{2});
    QVERIFY(engines[0].name == "engine" && engines[0].error.find("plan.json") != std::string::npos);
    QCOMPARE(engines[0].manifest.group_size, 32);  // what can be known of it is
    QVERIFY(engines[1].name == "original" && engines[1].error.empty());
    QVERIFY(list_engines("/nowhere").empty());
    fs::remove(fixture_.path("unfinished.partial"));
  }

  void leftovers_are_removed_unless_held() {
    const std::string folder = fixture_.path("leftovers");
    for (const char* name : {"dead.partial", "held.partial", "other.partial", "empty.partial"})
      fs::create_directories(folder + "/" + name);
    for (const char* name : {"dead.partial", "held.partial"}) {
      write_bytes(folder + "/" + name + "/.lock", "");
      write_bytes(folder + "/" + name + "/plan.json", "{}");
    }
    write_bytes(folder + "/other.partial/my.txt", "not ours: it has no lock file");
    const int held = open((folder + "/held.partial/.lock").c_str(), O_RDWR);
    flock(held, LOCK_EX);
    remove_partial_builds(folder);
    QVERIFY(!fs::exists(folder + "/dead.partial") && !fs::exists(folder + "/empty.partial"));
    QVERIFY(fs::exists(folder + "/held.partial/plan.json") && fs::exists(folder + "/other.partial/my.txt"));
    close(held);
    remove_partial_builds(folder);
    QVERIFY(!fs::exists(folder + "/held.partial"));
    fs::remove_all(folder);
  }

 private:
  std::string engine() const { return fixture_.path("engine"); }
  const EngineFixture fixture_;
};

QTEST_GUILESS_MAIN(EngineDirTest)
#include "engine_dir_test.moc"
