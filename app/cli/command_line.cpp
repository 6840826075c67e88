#include "app/cli/command_line.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "app/cli/arguments.h"
#include "app/cli/commands.h"
#include "core/base/logging.h"
#include "core/base/quote.h"
#include "core/base/version.h"

namespace flightdeck::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kBadArguments = 2;
constexpr int kInterrupted = 130;

int complain(int code, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "flightdeck: {}\n", message);
  return code;
}

std::vector<std::string> commandNames(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

int unknownCommand(const CLI::App& program, const std::string& word) {
  const std::vector<std::string> names = commandNames(program);
  const std::string meant = nearest(word, names);
  const std::string hint = meant.empty() ? fmt::format("the commands are {}", fmt::join(names, ", "))
                                         : fmt::format("did you mean {}?", meant);
  return complain(kBadArguments, fmt::format("there is no command {}: {}", quote(word), hint));
}

/// The first argument nobody asked for, flags before others; empty when all were known.
std::string unknownWord(const CLI::App& program) {
  std::vector<std::string> words = program.remaining();  // where a command's unknown flags fall through to
  for (const CLI::App* command : program.get_subcommands())
    for (const std::string& word : command->remaining()) words.push_back(word);
  const auto flag = std::find_if(words.begin(), words.end(), [](const auto& word) { return word.starts_with("-"); });
  const std::string word = flag != words.end() ? *flag : words.empty() ? std::string() : words.front();
  return word.substr(0, word.find('='));
}

/// Names it, with the flag it was probably meant to be.
int unknownArgument(const CLI::App& program, const std::string& word) {
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const CLI::App& command = chosen.empty() ? program : *chosen.front();
  const std::string help = chosen.empty() ? "flightdeck --help" : "flightdeck " + command.get_name() + " --help";
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  const std::string meant = word.starts_with("-") ? nearest(word, flags) : std::string();
  const std::string hint = meant.empty() ? std::string() : fmt::format("did you mean {}? ", meant);
  return complain(kBadArguments, fmt::format("unknown argument {}: {}'{}' lists the flags", quote(word), hint, help));
}

int parseFailure(CLI::App& program, const CLI::ParseError& error) {
  const auto name = error.get_name();
  if (name == "CallForHelp" || name == "CallForAllHelp" || name == "CallForVersion") return program.exit(error);
  // A flag that is missing may just be misspelt.
  const std::string unknown = unknownWord(program);
  if (!unknown.empty()) return unknownArgument(program, unknown);
  const std::vector<CLI::App*> chosen = program.get_subcommands();
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
  return complain(kBadArguments, fmt::format("{}: 'flightdeck {}--help' lists the flags", error.what(), command));
}

int perform(const Action& action) {
  try {
    const Result<int> result = action();
    if (!result) {
      const bool cancelled = result.error().kind == ErrorKind::cancelled;
      return complain(cancelled ? kInterrupted : kFailed, result.error().message);
    }
    // A full disk or a closed pipe behind stdout is a failure too.
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) return complain(kFailed, "writing to standard output failed");
    return *result;
  } catch (const std::bad_alloc&) {
    return complain(kFailed, "memory ran out: close other programs, or choose a smaller model, batch or context");
  } catch (const std::exception& error) {
    return complain(kFailed, error.what());
  }
}

void addCommands(CLI::App& program, Action& action) {
  for (const auto add : {addPull, addLogin, addModels, addVerify, addBuild, addRun, addChat, addBench, addEval,
                         addInspect, addTokenize, addTemplate, addDevices})
    add(program, action);
}

}  // namespace

CLI::Option* addTexts(CLI::App* command, const std::string& name, std::vector<std::string>& texts,
                      const std::string& help) {
  const auto take = [&texts](const CLI::results_t& results) {
    texts = results;
    return true;
  };
  return command->add_option(name, take, help)
      ->type_name("TEXT")
      ->type_size(1)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false);
}

std::optional<int> runCommandLine(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  CLI::App program("Builds quantized engines from language models and chats with them. Without a command: the window.",
                   "flightdeck");
  program.set_version_flag("--version", fmt::format("flightdeck {}", kVersion));
  bool verbose = false;
  program.add_flag("--verbose", verbose, "Debug messages on stderr");
  program.require_subcommand(1);
  program.fallthrough();
  program.option_defaults()->always_capture_default();
  Action action;
  addCommands(program, action);
  std::vector<std::string> arguments = normalized({argv + 1, argv + argc});
  if (!arguments.front().starts_with("-") &&
      program.get_subcommands([&](const CLI::App* command) { return command->get_name() == arguments.front(); })
          .empty())
    return unknownCommand(program, arguments.front());
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    program.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return parseFailure(program, error);
  }
  init_logging(verbose);
  return perform(action);
}

}  // namespace flightdeck::cli
