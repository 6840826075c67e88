#include <unistd.h>

#include <cerrno>
#include <random>

#include "app/cli/commands.h"
#include "app/cli/conversation.h"
#include "app/cli/engine_flags.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  EngineFlags engine;
  SamplingFlags sampling;
  std::string system;
  int maxOutputLen = 0;
};

/// Lines of standard input. Not std::getline, which would begin to read again when Ctrl-C interrupts it.
class LineReader {
 public:
  /// The next line; nothing at the end of the input or when a stop was requested.
  std::optional<std::string> next(const std::stop_token& stop) {
    while (true) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      char chunk[4096];
      const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
      if (got > 0) {
        buffer_.append(chunk, static_cast<size_t>(got));
      } else if (got < 0 && errno == EINTR && !stop.stop_requested()) {
        usleep(20'000);  // the stop request is on its way from the watching thread
        if (stop.stop_requested()) return std::nullopt;
      } else if (got == 0 && !buffer_.empty()) {
        return std::exchange(buffer_, std::string());
      } else {
        return std::nullopt;
      }
    }
  }

 private:
  std::string buffer_;
};

/// A message: one line, or several joined where a backslash ends one.
std::optional<std::string> readMessage(LineReader& lines, const std::stop_token& stop) {
  const bool prompts = isTerminal(stdin);
  if (prompts) fmt::print(stderr, "> ");
  std::optional<std::string> message = lines.next(stop);
  while (message && message->ends_with('\\')) {
    message->back() = '\n';
    if (prompts) fmt::print(stderr, "… ");
    const std::optional<std::string> more = lines.next(stop);
    if (!more) break;
    *message += *more;
  }
  return message;
}

/// The model's own defaults, changed by the flags that were given.
SamplingParams samplingOf(const CLI::App& command, const SamplingFlags& flags, const SamplingParams& model) {
  SamplingParams params = flags.params;
  const auto keep = [&command](const char* flag) { return command.get_option(flag)->count() == 0; };
  if (keep("--temperature")) params.temperature = model.temperature;
  if (keep("--top_k")) params.top_k = model.top_k;
  if (keep("--top_p")) params.top_p = model.top_p;
  if (keep("--min_p")) params.min_p = model.min_p;
  if (keep("--repetition_penalty")) params.repetition_penalty = model.repetition_penalty;
  if (keep("--random_seed")) params.seed = std::random_device()();
  return params;
}

Result<int> chat(const Flags& flags, const CLI::App& command) {
  Interrupt interrupt;
  TRY(const std::unique_ptr<Inference> engine, flags.engine.load(interrupt.token()));
  const EngineInfo& info = engine->info();
  const int maxTokens =
      flags.maxOutputLen > 0 ? flags.maxOutputLen : std::min(1024, std::max(1, info.context_tokens / 2));
  if (maxTokens >= info.context_tokens)
    return fail(ErrorKind::invalid_input, "--max_output_len {}: this engine's context is {} tokens", maxTokens,
                info.context_tokens);
  Conversation conversation(*engine, samplingOf(command, flags.sampling, engine->default_sampling()), maxTokens,
                            flags.system);
  fmt::print(stderr, "{} ({}) on {}. /help lists the commands.\n", info.name, info.qformat, info.device_name);
  if (!engine->chat_prompt().found())
    fmt::print(stderr, "This model has no chat format known here: what you write is continued as plain text.\n");
  LineReader lines;
  while (const std::optional<std::string> message = readMessage(lines, interrupt.token())) {
    if (message->find_first_not_of(" \t\n") == std::string::npos) continue;
    if (message->starts_with('/')) {
      if (conversation.command(*message) == Conversation::Outcome::quit) return 0;
      continue;
    }
    const Result<void> answered = conversation.ask(*message, interrupt.token());
    if (!answered) {
      // At the terminal the next message may do better; in a script nobody would notice.
      if (!isTerminal(stdin)) return tl::unexpected(answered.error());
      fmt::print(stderr, "{}\n", answered.error().message);
    }
    if (interrupt.token().stop_requested()) interrupt.rearm();
  }
  if (isTerminal(stdin)) fmt::print(stderr, "\n");
  return interrupt.token().stop_requested() ? 130 : 0;
}

}  // namespace

void addChat(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("chat", "A conversation in the terminal");
  flags->engine.addTo(command);
  command->add_option("--system", flags->system, "System text");
  command->add_option("--max_output_len", flags->maxOutputLen, "Tokens of an answer; 0: half the context, at most 1024")
      ->check(CLI::NonNegativeNumber);
  flags->sampling.addTo(command);
  command->callback([flags, command, &action] { action = [flags, command] { return chat(*flags, *command); }; });
}

}  // namespace flightdeck::cli
