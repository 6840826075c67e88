#include "core/hub/origin.h"

#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/hub/model_store.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostBytes = 4096;
constexpr const char* kNote = ".cache/flightdeck/origin.json";

std::optional<ModelOrigin> made_of(HubKind hub, const std::string& repo, const std::string& revision) {
  const auto id = RepoId::parse(repo);
  if (!id || (!revision.empty() && !Revision::parse(revision))) return {};
  return ModelOrigin{hub, *id, revision};
}

/// "<owner>--<name>/snapshots/<revision>", in Hugging Face's cache with "models--" before it.
std::optional<ModelOrigin> by_snapshot(const fs::path& folder) {
  if (folder.parent_path().filename() != "snapshots") return {};
  std::string name = folder.parent_path().parent_path().filename().string();
  const bool is_hugging_face = name.starts_with("models--");
  if (is_hugging_face) name = name.substr(8);
  if (!is_hugging_face && folder.parent_path().parent_path().parent_path().filename() != "models") return {};
  const size_t middle = name.find("--");
  if (middle == name.npos) return {};
  return made_of(is_hugging_face ? HubKind::hugging_face : HubKind::model_scope,
                 name.substr(0, middle) + "/" + name.substr(middle + 2), folder.filename().string());
}

/// "<owner>/<name>" where older tools of ModelScope put models, with "___" for the dots of a name.
std::optional<ModelOrigin> by_older_place(const fs::path& folder) {
  const fs::path place = folder.parent_path().parent_path(), cache = model_scope_cache();
  if (place != cache / "models" && place != cache / "hub/models" && place != cache / "hub") return {};
  std::string name = folder.filename().string();
  for (size_t at = name.find("___"); at != name.npos; at = name.find("___", at + 1)) name.replace(at, 3, ".");
  return made_of(HubKind::model_scope, folder.parent_path().filename().string() + "/" + name, "");
}

std::optional<ModelOrigin> by_note(const fs::path& folder) {
  const auto text = read_file((folder / kNote).string(), kMostBytes);
  const auto json = text ? parse_json(*text, kNote) : fail(ErrorKind::not_found, "no note");
  if (!json || !json->is_object()) return {};
  const JsonReader reader(*json, kNote);
  const auto hub = reader.text("hub"), repo = reader.text("repository"), revision = reader.text("revision");
  if (!hub || !repo || !revision) return {};
  const auto kind = parse_hub(*hub);
  return kind ? made_of(*kind, *repo, *revision) : std::nullopt;
}

}  // namespace

std::optional<ModelOrigin> origin_of(const std::string& folder) {
  std::error_code code;
  fs::path path = fs::absolute(folder, code).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  for (const auto way : {by_snapshot, by_note, by_older_place})
    if (auto origin = way(path)) return origin;
  return {};
}

Result<void> note_origin(const std::string& folder, const ModelOrigin& origin) {
  const Json note = {{"hub", name_of(origin.hub)}, {"repository", origin.repo.text()}, {"revision", origin.revision}};
  return write_file_atomically(folder + "/" + kNote, note.dump() + "\n");
}

}  // namespace flightdeck
