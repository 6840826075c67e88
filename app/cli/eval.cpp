#include "app/cli/commands.h"
#include "app/cli/engine_flags.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/base/file.h"
#include "core/bench/perplexity.h"

namespace flightdeck::cli {
namespace {

constexpr size_t kMaxTextBytes = 256u << 20;

struct Flags {
  EngineFlags engine;
  PerplexityOptions options;
  std::string text;
};

Result<int> eval(Flags flags) {
  TRY(const std::string text, read_file(flags.text, kMaxTextBytes));
  if (text.empty()) return fail(ErrorKind::invalid_input, "{}: is an empty file: give a longer text", flags.text);
  const Interrupt interrupt;
  flags.engine.options.prefix_reuse = false;
  TRY(const std::unique_ptr<Inference> engine, flags.engine.load(interrupt.token()));
  flags.options.windows_at_once = engine->info().max_batch_size;
  Perplexity result;
  {
    ProgressLine line;
    const auto show = [&line](size_t done, size_t total) {
      line.show("reading", static_cast<double>(done) / static_cast<double>(total),
                fmt::format("window {} of {}", done, total));
    };
    TRY(result, measure_perplexity(*engine, text, flags.options, show, interrupt.token()));
  }
  fmt::print("perplexity {:.4f} tokens {}\n", result.value, result.tokens);
  fmt::print(stderr, "{} windows of {} tokens in {}, {:.0f} tok/s\n", result.windows, flags.options.context_tokens,
             humanSeconds(result.seconds), static_cast<double>(result.tokens) / result.seconds);
  return 0;
}

}  // namespace

void addEval(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("eval", "Perplexity of a text");
  flags->engine.addTo(command);
  command->add_option("--text", flags->text, "A UTF-8 file")->required();
  command->add_option("--ctx", flags->options.context_tokens, "Tokens of a window");
  command->add_option("--max_windows", flags->options.max_windows, "Stop after this many windows; 0: the whole text");
  command->callback([flags, &action] { action = [flags] { return eval(*flags); }; });
}

}  // namespace flightdeck::cli
