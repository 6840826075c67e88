#include <cmath>
#include <thread>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/hub/job.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  std::string repo;
  std::string source = "huggingface";
  std::string token;
  double maxSpeed = 0;  // MB/s
  JobSpec spec;
  JobOptions options;
};

/// What a line about a running download says behind its bar.
std::string detailOf(const JobSnapshot& job) {
  std::string detail = fmt::format("{} of {}", humanBytes(job.done_bytes), humanBytes(job.total_bytes));
  if (job.bytes_per_second > 0)
    detail += fmt::format(" · {}/s", humanBytes(static_cast<uint64_t>(job.bytes_per_second)));
  if (job.eta_s >= 0 && job.state == JobState::downloading)
    detail += fmt::format(" · {} left", humanSeconds(job.eta_s));
  for (const FileSnapshot& file : job.files)
    if (file.state == FileState::elsewhere) return detail + " · another program downloads " + file.path + ", waiting";
  return detail;
}

/// A bar on a terminal; elsewhere a line a tenth of the way, so that a log shows that something moves.
class PullProgress {
 public:
  void show(const JobSnapshot& job) {
    const double fraction =
        job.total_bytes ? static_cast<double>(job.done_bytes) / static_cast<double>(job.total_bytes) : 0;
    std::string step = fmt::format("{} {}", name_of(job.state), job.spec.repo.text());
    if (!isTerminal(stderr) && job.state == JobState::downloading)
      step += fmt::format(": {:.0f} % of {}", std::floor(fraction * 10) * 10, humanBytes(job.total_bytes));
    line_.show(step, fraction, detailOf(job));
  }

 private:
  ProgressLine line_;
};

/// The job runs beside; this thread draws what it says ten times a second.
Result<void> runShown(DownloadJob& job, std::stop_token stop) {
  PullProgress progress;
  Result<void> result;
  std::stop_source finished;
  std::jthread runner([&] {
    result = job.run(stop);
    finished.request_stop();
  });
  do {
    progress.show(job.snapshot());
  } while (wait_for(std::chrono::milliseconds(100), finished.get_token()));
  runner.join();
  return result;
}

Result<int> pull(Flags flags) {
  TRY(flags.spec.hub, parse_hub(flags.source));
  TRY(flags.spec.repo, RepoId::parse(flags.repo));
  if (!flags.token.empty()) {
    TRY(flags.options.hub.token, Token::parse(flags.token));
  }
  if (flags.maxSpeed > 0)
    flags.options.hub.http.speed_limit = std::make_shared<SpeedLimit>(static_cast<uint64_t>(flags.maxSpeed * 1e6));
  const Interrupt interrupt;
  DownloadJob job(flags.spec, flags.options);
  const Result<void> result = runShown(job, interrupt.token());
  const JobSnapshot end = job.snapshot();
  if (!result) {
    Error error = result.error();
    if (error.kind == ErrorKind::cancelled)
      error.message = fmt::format("stopped; {} of {} stay on this disk: the same command goes on from there",
                                  humanBytes(end.done_bytes), humanBytes(end.total_bytes));
    return tl::unexpected(std::move(error));
  }
  for (const FileSnapshot& file : end.files)
    if (!file.is_verifiable)
      fmt::print(stderr, "flightdeck: {} is unverified: the hub lists no hash for it\n", file.path);
  fmt::print(stderr, "{} files, {}, {} of them fetched now\n", end.files.size(), humanBytes(end.total_bytes),
             humanBytes(end.fetched_bytes));
  fmt::print("{}\n", end.folder);
  return 0;
}

}  // namespace

void addPull(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("pull", "Download a model; prints the folder it is in");
  command->add_option("repository", flags->repo, "OWNER/NAME, for example baichuan-inc/Baichuan2-7B-Chat")->required();
  command->add_option("--source", flags->source, "huggingface or modelscope");
  command->add_option("--revision", flags->spec.revision, "Branch, tag or commit; default: the hub's main branch");
  command->add_option("--include", flags->spec.filter.include, "Only files like this (* and ?); repeatable")
      ->allow_extra_args(false);
  command->add_option("--exclude", flags->spec.filter.exclude, "No files like this; repeatable")
      ->allow_extra_args(false);
  command->add_option("--local_dir", flags->spec.local_dir, "Plain files here instead of the hub's cache");
  command->add_option("--token", flags->token,
                      "Access token; better 'flightdeck login', HF_TOKEN or MODELSCOPE_API_TOKEN: others see flags");
  command->add_flag("--verify", flags->options.transfer.verify_present,
                    "Hash the files that are there already, and fetch again what is damaged");
  command->add_option("--files_at_once", flags->options.files_at_once, "Files that are fetched side by side")
      ->check(CLI::Range(1, 16));
  command->add_option("--max_speed", flags->maxSpeed, "MB a second of all connections together; 0: no limit")
      ->check(CLI::Range(0.0, 1e6));
  command->callback([flags, &action] { action = [flags] { return pull(*flags); }; });
}

}  // namespace flightdeck::cli
