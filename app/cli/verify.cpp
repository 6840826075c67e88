// `flightdeck verify MODEL`: hashes a stored model again.
#include "core/hub/verify.h"

#include <fmt/ranges.h>

#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/stored_models.h"
#include "app/cli/terminal.h"
#include "core/base/quote.h"

namespace flightdeck::cli {
namespace {

/// What the hub lists at this revision; nothing, with a word why, where it cannot be asked.
std::optional<RepoListing> listingOf(const CachedModel& model, std::stop_token stop) {
  HubOptions options;
  options.http.connect_timeout = std::chrono::seconds(5);
  options.http.stall_timeout = std::chrono::seconds(10);
  options.retry.attempts = 1;
  const auto ask = [&]() -> Result<RepoListing> {
    TRY(const auto hub, make_hub_client(model.hub, options));
    Revision revision = hub->default_revision();
    if (!model.revision.empty()) {
      TRY(revision, Revision::parse(model.revision));
    }
    return hub->list(model.repo, revision, stop);
  };
  auto listing = ask();
  if (listing) return std::move(*listing);
  fmt::print(stderr, "flightdeck: {}; checked against what was noted at the download instead\n",
             listing.error().message);
  return {};
}

/// The command that mends this model where it is.
std::string mending(const CachedModel& model) {
  const std::filesystem::path folder = std::filesystem::absolute(model.folder).lexically_normal();
  const bool in_cache = folder.parent_path().filename() == "snapshots";
  return fmt::format("flightdeck pull {} --source {}{}{} --verify", model.repo.text(), name_of(model.hub),
                     model.revision.empty() ? "" : " --revision " + model.revision,
                     in_cache ? "" : " --local_dir " + shellQuoted(model.folder));
}

/// One line about files, with the first few of them.
void complain(const std::string& what, const std::vector<std::string>& files) {
  constexpr size_t kMostShown = 20;
  if (files.empty()) return;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(files.size(), kMostShown); ++i) shown.push_back(quote(files[i]));
  fmt::print(stderr, "{}: {}{}\n", what, fmt::join(shown, ", "),
             files.size() > kMostShown ? fmt::format(" and {} more", files.size() - kMostShown) : "");
}

Result<int> verifyStored(const StoredName& wanted, bool offline) {
  TRY(const CachedModel model, findStored(wanted, Several::newest));
  const Interrupt interrupt;
  const auto listing = offline ? std::nullopt : listingOf(model, interrupt.token());
  VerifyReport report;
  {
    ProgressLine line;
    const auto show = [&](uint64_t done, uint64_t total) {
      line.show("verifying " + model.repo.text(), total ? static_cast<double>(done) / static_cast<double>(total) : 1,
                fmt::format("{} of {}", humanBytes(done), humanBytes(total)));
    };
    TRY(report, verify(model, listing ? &*listing : nullptr, show, interrupt.token()));
  }
  complain("damaged", report.damaged);
  complain("not there", report.missing);
  complain("unverified, no hash is known", report.unverified);
  if (!report.is_whole())
    return fail(ErrorKind::corrupt, "{} of {} files are damaged and {} are not there: '{}' fetches them",
                report.damaged.size(), report.files, report.missing.size(), mending(model));
  fmt::print("{} {}: {} files, {}, {}\n", model.repo.text(), shortRevision(model.revision), report.files,
             humanBytes(report.bytes),
             report.unverified.empty() ? "all as they were downloaded"
                                       : fmt::format("{} of them unverified", report.unverified.size()));
  return 0;
}

}  // namespace

void addVerify(CLI::App& program, Action& action) {
  struct Flags {
    StoredName wanted;
    bool offline = false;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command =
      program.add_subcommand("verify", "Hash a downloaded model again: is anything damaged or missing?");
  command->add_option("model", flags->wanted.name, "OWNER/NAME, or the folder it was downloaded to")->required();
  command->add_option("--source", flags->wanted.source, "huggingface or modelscope; default: wherever it is from");
  command->add_option("--revision", flags->wanted.revision, "Of several revisions, this one");
  command->add_flag("--offline", flags->offline, "Do not ask the hub what the files must be");
  command->callback([flags, &action] { action = [flags] { return verifyStored(flags->wanted, flags->offline); }; });
}

}  // namespace flightdeck::cli
