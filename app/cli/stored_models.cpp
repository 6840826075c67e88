#include "app/cli/stored_models.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "core/base/quote.h"
#include "core/hub/origin.h"

namespace flightdeck::cli {
namespace {

constexpr size_t kShortCommit = 12;
constexpr size_t kFewestLetters = 4;

/// A folder that a download was put into, in a cache or elsewhere.
Result<CachedModel> ofFolder(const std::string& folder) {
  const auto origin = origin_of(folder);
  if (!origin)
    return fail(ErrorKind::not_found,
                "{}: was not downloaded by this program or into a cache, so nobody noted what its files must be",
                folder);
  return CachedModel{origin->hub, origin->repo, origin->revision, folder, 0};
}

bool matches(const CachedModel& model, const RepoId& repo, const StoredName& wanted) {
  if (!(model.repo == repo) || (!wanted.source.empty() && name_of(model.hub) != wanted.source)) return false;
  if (wanted.revision.empty() || model.revision == wanted.revision) return true;
  return wanted.revision.size() >= kFewestLetters && model.revision.starts_with(wanted.revision);
}

}  // namespace

std::string shortRevision(const std::string& revision) {
  const auto parsed = Revision::parse(revision);
  if (!parsed) return quote(revision);
  return parsed->is_commit() ? revision.substr(0, kShortCommit) : revision;
}

Result<CachedModel> findStored(const StoredName& wanted, Several several) {
  if (!wanted.source.empty()) TRY_VOID(parse_hub(wanted.source));
  std::error_code code;
  if (std::filesystem::is_directory(wanted.name, code)) return ofFolder(wanted.name);
  TRY(const RepoId repo, RepoId::parse(wanted.name));
  std::vector<CachedModel> found;
  for (CachedModel& model : cached_models())
    if (matches(model, repo, wanted)) found.push_back(std::move(model));
  if (found.empty())
    return fail(ErrorKind::not_found, "{}{} is not in a cache of this machine: 'flightdeck models' lists what is there",
                wanted.name, wanted.revision.empty() ? "" : " at " + quote(wanted.revision));
  const bool two_hubs = std::any_of(found.begin(), found.end(), [&](const auto& m) { return m.hub != found[0].hub; });
  if (two_hubs)
    return fail(ErrorKind::invalid_input, "{} is here from both hubs: name one with --source huggingface or modelscope",
                wanted.name);
  if (found.size() > 1 && (several == Several::refused || !wanted.revision.empty())) {
    std::vector<std::string> revisions;
    for (const CachedModel& model : found) revisions.push_back(shortRevision(model.revision));
    return fail(ErrorKind::invalid_input, "{} is here in several revisions: name one with --revision {}", wanted.name,
                fmt::join(revisions, ", "));
  }
  return found.front();
}

}  // namespace flightdeck::cli
