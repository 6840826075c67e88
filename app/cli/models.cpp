// `flightdeck models`: what is in the hubs' caches, and away with it.
#include "app/cli/commands.h"
#include "app/cli/stored_models.h"
#include "app/cli/terminal.h"
#include "core/base/json.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  StoredName remove;
  bool json = false, yes = false;
};

Json toJson(const LibraryModel& entry) {
  return {{"repository", entry.model.repo.text()}, {"hub", name_of(entry.model.hub)},
          {"revision", entry.model.revision},      {"bytes", entry.model.bytes},
          {"folder", entry.model.folder},          {"offline", entry.is_offline}};
}

void print(const std::vector<LibraryModel>& models) {
  uint64_t total = 0;
  for (const auto& [model, isOffline] : models) {
    fmt::print("{:<44} {:<11} {:<12} {:>8}{}\n", model.repo.text(), name_of(model.hub), shortRevision(model.revision),
               humanBytes(model.bytes), isOffline ? "  offline: its disk is not there" : "");
    total += isOffline ? 0 : model.bytes;
  }
  // Revisions share files, so this is an upper bound.
  fmt::print(stderr, "{} models, {} at most\n", models.size(), humanBytes(total));
}

Result<int> list(bool json) {
  const std::vector<LibraryModel> models = library();
  if (!json) {
    print(models);
    return 0;
  }
  Json all = Json::array();
  for (const LibraryModel& entry : models) all.push_back(toJson(entry));
  fmt::print("{}\n", all.dump(1, ' ', false, Json::error_handler_t::replace));
  return 0;
}

Result<int> removeStored(const Flags& flags) {
  TRY(const CachedModel model, findStored(flags.remove, Several::refused));
  const std::string what =
      fmt::format("{} {} of {}", model.repo.text(), shortRevision(model.revision), name_of(model.hub));
  if (!flags.yes) {
    if (!isTerminal(stdin))
      return fail(ErrorKind::invalid_input, "{} would be removed, for every program that uses it: confirm with --yes",
                  what);
    fmt::print(stderr, "Remove {} ({}) in {}? Other programs that use this cache lose it too. [y/N] ", what,
               humanBytes(model.bytes), model.folder);
    std::fflush(stderr);
    const int answer = std::getchar();
    if (answer != 'y' && answer != 'Y') return fail(ErrorKind::cancelled, "nothing was removed");
  }
  TRY(const uint64_t freed, remove_cached(model));
  (void)library();  // remembers it no longer
  fmt::print("Removed {}: {} are free again\n", what, humanBytes(freed));
  return 0;
}

}  // namespace

void addModels(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("models", "Downloaded models: list them, or remove one");
  command->add_flag("--json", flags->json, "As JSON, with folders");
  CLI::Option* remove = command->add_option("--remove", flags->remove.name, "OWNER/NAME: remove it from its cache");
  command->add_option("--source", flags->remove.source, "With --remove: huggingface or modelscope")->needs(remove);
  command->add_option("--revision", flags->remove.revision, "With --remove: of several revisions, this one")
      ->needs(remove);
  command->add_flag("--yes", flags->yes, "With --remove: do not ask")->needs(remove);
  command->callback([flags, &action] {
    action = [flags] { return flags->remove.name.empty() ? list(flags->json) : removeStored(*flags); };
  });
}

}  // namespace flightdeck::cli
