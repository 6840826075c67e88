#include "core/hub/library.h"

#include <spdlog/spdlog.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/paths.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostModels = 10'000;

/// A model and the store it was seen in.
struct Remembered {
  std::string root;
  CachedModel model;
};

std::string list_file() { return data_dir() + "/library.json"; }

std::string root_of(HubKind hub) { return hub == HubKind::hugging_face ? hugging_face_cache() : model_scope_cache(); }

Json to_json(const Remembered& seen) {
  return {{"root", seen.root},
          {"hub", name_of(seen.model.hub)},
          {"repo", seen.model.repo.text()},
          {"revision", seen.model.revision},
          {"folder", seen.model.folder},
          {"bytes", seen.model.bytes}};
}

Result<Remembered> from_json(const Json& object) {
  if (!object.is_object()) return fail(ErrorKind::corrupt, "a model of library.json is not an object");
  const JsonReader reader(object, "a model of library.json");
  Remembered seen;
  TRY(seen.root, reader.text("root"));
  TRY(const std::string hub, reader.text("hub"));
  TRY(const std::string repo, reader.text("repo"));
  TRY(seen.model.hub, parse_hub(hub));
  TRY(seen.model.repo, RepoId::parse(repo));
  TRY(seen.model.revision, reader.text("revision"));
  TRY(seen.model.folder, reader.text("folder"));
  TRY(const int64_t bytes, reader.integer("bytes", 0, INT64_MAX));
  seen.model.bytes = static_cast<uint64_t>(bytes);
  return seen;
}

std::vector<Remembered> remembered() {
  std::vector<Remembered> all;
  const auto json = read_json_file(list_file());
  if (!json || !json->is_object() || !json->contains("models") || !(*json)["models"].is_array()) return all;
  for (const Json& object : (*json)["models"])
    if (auto seen = from_json(object); seen && all.size() < kMostModels) all.push_back(std::move(*seen));
  return all;
}

std::string text_of(const std::vector<Remembered>& all) {
  Json models = Json::array();
  for (const Remembered& seen : all) models.push_back(to_json(seen));
  return Json{{"version", 1}, {"models", models}}.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool is_store_there(const std::string& root) {
  std::error_code code;
  return fs::is_directory(root, code) && !fs::is_empty(root, code) && !code;
}

std::vector<LibraryModel> library() {
  std::vector<Remembered> before = remembered(), now;
  std::vector<LibraryModel> all;
  for (CachedModel& model : cached_models()) {
    now.push_back({root_of(model.hub), model});
    all.push_back({std::move(model), false});
  }
  for (Remembered& seen : before) {
    const bool is_current = seen.root == root_of(seen.model.hub);  // else the environment names another store today
    if (is_current && is_store_there(seen.root)) continue;
    if (is_current) all.push_back({seen.model, true});
    now.push_back(std::move(seen));
  }
  const std::string text = text_of(now);
  const auto old = read_file(list_file(), 64u << 20);
  if ((old && *old == text) || (!old && now.empty())) return all;
  auto saved = make_directories(data_dir());
  if (saved) saved = write_file_atomically(list_file(), text);
  if (!saved) spdlog::warn("{}", saved.error().message);
  return all;
}

}  // namespace flightdeck
