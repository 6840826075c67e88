#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/engine/builder.h"
#include "core/hub/model_store.h"
#include "core/tokenizer/tokenizer.h"

namespace flightdeck::cli {
namespace {

struct Flags {
  BuildOptions options;
  std::string qformat = "int8_wo";
  bool weightOnly = false;
  std::string weightOnlyPrecision = "int8";
  bool alwaysOn = false;  // of the flags that TensorRT-LLM needs and this program always does
  std::string ignored;
};

void show(ProgressLine& line, const BuildProgress& progress) {
  std::string detail = progress.detail;
  if (progress.eta_s >= 0)
    detail += fmt::format("{}{} left", detail.empty() ? "" : " · ", humanSeconds(progress.eta_s));
  line.show(std::string(name_of(progress.phase)), progress.fraction, detail);
}

void printReport(const EngineManifest& manifest, const std::string& path) {
  const ReportCard& card = manifest.report;
  fmt::print("Engine {} ({}, {}) in {}\n", manifest.name, name_of(manifest.qformat), manifest.dtype, path);
  fmt::print("  size        {} -> {} ({:.0f}%)\n", humanBytes(card.checkpoint_bytes), humanBytes(card.engine_bytes),
             card.checkpoint_bytes
                 ? 100.0 * static_cast<double>(card.engine_bytes) / static_cast<double>(card.checkpoint_bytes)
                 : 0.0);
  fmt::print("  operations  {} -> {}\n", card.operations_before, card.operations_after);
  for (const PassReport& pass : card.passes)
    if (pass.rewrites > 0)
      fmt::print("    {:<22} {:>4} rewrites, {} -> {} operations, logits within {:.1e}\n", pass.name, pass.rewrites,
                 pass.operations_before, pass.operations_after, pass.max_difference);
  double total = 0;
  for (const auto& [phase, seconds] : card.phase_seconds) total += seconds;
  fmt::print("  time        {} (", humanSeconds(total));
  for (size_t i = 0; i < card.phase_seconds.size(); ++i)
    fmt::print("{}{} {}", i ? ", " : "", card.phase_seconds[i].first, humanSeconds(card.phase_seconds[i].second));
  fmt::print(")\n  host memory {} at most\n", humanBytes(card.peak_host_bytes));
  if (card.max_logit_error >= 0)
    fmt::print(
        "  error       logits at most {:.3g} (mean {:.3g}) from full precision, same best token in {:.1f}% of the "
        "sample\n",
        card.max_logit_error, card.mean_logit_error, 100 * card.top1_agreement);
  fmt::print("  context     {} tokens in + {} out, batch {}\n", manifest.max_input_len, manifest.max_output_len,
             manifest.max_batch_size);
}

/// OWNER/NAME of a model in a hub's cache becomes its folder; a folder of that name comes first.
Result<void> findModel(std::string& modelDir) {
  std::error_code code;
  if (std::filesystem::exists(modelDir, code)) return {};
  const auto repo = RepoId::parse(modelDir);
  if (!repo) return {};  // the builder says that there is no such folder
  const auto folder = find_cached(*repo);
  if (!folder)
    return fail(ErrorKind::not_found, "{} is neither a folder nor in a cache: 'flightdeck pull {}' downloads it",
                modelDir, modelDir);
  modelDir = *folder;
  return {};
}

Result<int> build(Flags flags) {
  BuildOptions& options = flags.options;
  TRY_VOID(findModel(options.model_dir));
  if (flags.weightOnly) flags.qformat = flags.weightOnlyPrecision + "_wo";
  TRY(options.qformat, parse_qformat(flags.qformat));
  std::error_code code;
  if (!options.overwrite && std::filesystem::exists(options.output_dir, code) &&
      !std::filesystem::is_empty(options.output_dir, code))
    return fail(ErrorKind::invalid_input,
                "{} exists already: choose another --output_dir, or replace it with --overwrite", options.output_dir);
  const auto tokenizer = load_tokenizer(options.model_dir);
  const bool runs = tokenizer.has_value();
  if (!runs && std::filesystem::is_directory(options.model_dir, code))
    fmt::print(stderr, "flightdeck: warning: {}; without one the engine can be inspected, but not run\n",
               tokenizer.error().message);
  const Interrupt interrupt;
  EngineManifest manifest;
  {
    ProgressLine line;
    TRY(manifest, build_engine(
                      options, [&line](const BuildProgress& progress) { show(line, progress); }, interrupt.token()));
  }
  printReport(manifest, options.output_dir);
  if (runs) fmt::print("Next: flightdeck chat --engine_dir {}\n", shellQuoted(options.output_dir));
  return 0;
}

/// What TensorRT-LLM's build scripts have to be asked for and this program does anyway: taken, so that a known command
/// line works, and without effect.
void addTensorRtFlags(CLI::App* command, Flags& flags) {
  const std::string group = "Taken for TensorRT-LLM's sake; always so here";
  for (const char* name : {"--use_inflight_batching", "--paged_kv_cache", "--remove_input_padding",
                           "--enable_context_fmha", "--per_group"})
    command->add_flag(name, flags.alwaysOn)->group(group);
  for (const char* name : {"--use_gpt_attention_plugin", "--use_gemm_plugin"})
    command->add_option(name, flags.ignored)->expected(0, 1)->group(group);
}

}  // namespace

void addBuild(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  BuildOptions& options = flags->options;
  CLI::App* command = program.add_subcommand("build", "Checkpoint -> engine directory");
  command
      ->add_option("--model_dir", options.model_dir,
                   "Folder with config.json and safetensors files, or OWNER/NAME of a downloaded model")
      ->required();
  command->add_option("--output_dir", options.output_dir, "The engine directory to be")->required();
  command->add_flag("--overwrite", options.overwrite, "Replace an engine that is already there");
  command->add_option("--qformat", flags->qformat, "full_prec, int8_wo or int4_wo");
  CLI::Option* weightOnly = command->add_flag("--use_weight_only", flags->weightOnly, "As --qformat <precision>_wo");
  command->add_option("--weight_only_precision", flags->weightOnlyPrecision, "int8 or int4")
      ->check(CLI::IsMember({"int8", "int4"}))
      ->needs(weightOnly);
  command
      ->add_option("--dtype", options.dtype,
                   "Of what is not quantized: auto (as the checkpoint), float32, float16 or bfloat16")
      ->check(CLI::IsMember({"auto", "float32", "float16", "bfloat16"}));
  command->add_option("--group_size", options.group_size,
                      "Columns a scale of int4_wo: 32, 64, 128; 0: one scale a row");
  command->add_flag("--quantize_lm_head", options.quantize_lm_head, "The output layer too");
  command->add_option("--max_batch_size", options.max_batch_size, "Sequences at once");
  command->add_option("--max_input_len", options.max_input_len, "Tokens of a prompt; 0: what the context leaves");
  command->add_option("--max_output_len", options.max_output_len, "Tokens of an answer; 0: a quarter of the context");
  command->add_option("--tokens_per_block", options.tokens_per_block, "Of the paged KV cache");
  command->add_option("--kv_cache_dtype", options.kv_cache_dtype, "auto, float16 or float32");
  command->add_flag("!--no_measure_error", options.measure_error, "Skip the comparison with full precision");
  command->add_option("--disable_pass", options.disabled_passes, "A rewriting pass to leave out; repeatable")
      ->allow_extra_args(false);
  command->add_option("--threads", options.threads, "CPU threads; 0: one per physical core")
      ->check(CLI::Range(0, 1024));
  addTensorRtFlags(command, *flags);
  command->callback([flags, &action] { action = [flags] { return build(*flags); }; });
}

}  // namespace flightdeck::cli
