#include "core/base/settings.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/paths.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

std::string settings_path() { return config_dir() + "/settings.json"; }

/// Takes fields one by one: a field that cannot be used keeps its default and leaves a warning.
class FieldReader {
 public:
  FieldReader(const Json& object, std::string& warning)
      : object_(object), reader_(object, "settings"), warning_(warning) {}

  void text(const char* key, std::string& field) { take(reader_.text(key, field), field); }
  void boolean(const char* key, bool& field) { take(reader_.boolean(key, field), field); }
  void number(const char* key, double& field, double low, double high) {
    take(reader_.number(key, low, high, field), field);
  }
  void integer(const char* key, int& field, int low, int high) { take(reader_.integer(key, low, high, field), field); }
  void choice(const char* key, std::string& field, std::initializer_list<const char*> allowed) {
    std::string value = field;
    text(key, value);
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end())
      field = value;
    else
      warn(fmt::format("settings: {} is {}, which this version does not know", key, quote(value)));
  }
  void texts(const char* key, std::vector<std::string>& field) {
    if (!reader_.has(key)) return;
    const Json& list = object_.at(key);
    if (!list.is_array()) return warn(fmt::format("settings: {} is not a list", key));
    for (const Json& item : list)
      if (item.is_string()) field.push_back(item.get<std::string>());
  }

 private:
  template <class T, class Field>
  void take(const Result<T>& value, Field& field) {
    if (value)
      field = static_cast<Field>(*value);
    else
      warn(value.error().message);
  }
  void warn(const std::string& message) { warning_ += (warning_.empty() ? "" : "\n") + message; }

  const Json& object_;
  JsonReader reader_;
  std::string& warning_;
};

Settings from_json(const Json& object, std::string& warning) {
  Settings settings;
  FieldReader fields(object, warning);
  fields.text("device", settings.device);
  fields.integer("cpu_threads", settings.cpu_threads, 0, 1024);
  fields.choice("theme", settings.theme, {"system", "light", "dark"});
  fields.choice("language", settings.language, {"system", "en", "zh"});
  fields.texts("model_folders", settings.model_folders);
  fields.text("engines_folder", settings.engines_folder);
  fields.text("last_engine", settings.last_engine);
  fields.boolean("load_last_engine", settings.load_last_engine);
  fields.number("kv_cache_fraction", settings.kv_cache_fraction, 0.01, 1.0);
  fields.integer("max_batch_size", settings.max_batch_size, 1, 1024);
  return settings;
}

void into_json(const Settings& settings, Json& object) {
  object["device"] = settings.device;
  object["cpu_threads"] = settings.cpu_threads;
  object["theme"] = settings.theme;
  object["language"] = settings.language;
  object["model_folders"] = settings.model_folders;
  object["engines_folder"] = settings.engines_folder;
  object["last_engine"] = settings.last_engine;
  object["load_last_engine"] = settings.load_last_engine;
  object["kv_cache_fraction"] = settings.kv_cache_fraction;
  object["max_batch_size"] = settings.max_batch_size;
}

/// The object in the file; empty when there is none. A damaged file is moved aside, never overwritten; one that cannot
/// be read at all is an error.
Result<Json> read_object(std::string& warning) {
  auto read = read_json_file(settings_path());
  if (read && read->is_object()) return read;
  if (!read && read.error().kind == ErrorKind::not_found) return Json::object();
  if (!read && read.error().kind != ErrorKind::corrupt) return read;
  warning = read ? settings_path() + ": is not a JSON object" : read.error().message;
  std::error_code code;
  std::filesystem::rename(settings_path(), settings_path() + ".bad", code);
  if (code) return fail(ErrorKind::io, "{}; it could not be moved aside: {}", warning, code.message());
  warning += "; it is kept as settings.json.bad and the defaults are used";
  return Json::object();
}

}  // namespace

Settings load_settings(std::string* warning) {
  std::string said;
  const Result<Json> object = read_object(said);
  if (!object) said = object.error().message;
  Settings settings = object ? from_json(*object, said) : Settings();
  if (warning) *warning = said;
  return settings;
}

Result<void> save_settings(const Settings& settings) {
  TRY_VOID(make_directories(config_dir()));
  std::string ignored;
  TRY(Json object, read_object(ignored));
  into_json(settings, object);
  // Paths on this system may be any bytes: a broken one is stored with replacement characters and not lost as a whole.
  return write_file_atomically(settings_path(), object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace flightdeck
