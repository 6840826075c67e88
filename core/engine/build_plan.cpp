#include "core/engine/build_plan.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "core/base/quote.h"
#include "core/engine/bytes_text.h"
#include "core/engine/weight_source.h"
#include "core/graph/arch.h"
#include "core/hub/origin.h"

namespace flightdeck {
namespace fs = std::filesystem;
namespace {

constexpr const char* kCopied[] = {"tokenizer.model",       "tokenizer.json",      "tokenizer_config.json",
                                   "added_tokens.json",     "vocab.json",          "merges.txt",
                                   "chat_template.json",    "chat_template.jinja", "special_tokens_map.json",
                                   "generation_config.json"};

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

/// The dtype asked for, or the one most of the checkpoint has.
Result<std::string> dtype_for(const BuildOptions& options, const Checkpoint& checkpoint) {
  if (options.dtype != "auto") {
    for (const char* known : {"float32", "float16", "bfloat16"})
      if (options.dtype == known) return options.dtype;
    return fail(ErrorKind::invalid_input, "there is no dtype {}: choose auto, float32, float16 or bfloat16",
                quote(options.dtype));
  }
  const TensorInfo* embedding = checkpoint.find("model.embed_tokens.weight");
  const DType dtype = embedding ? embedding->dtype : DType::f16;
  return std::string(dtype == DType::f32 ? "float32" : dtype == DType::bf16 ? "bfloat16" : "float16");
}

/// Input and output lengths: what is not given follows from the model's context.
Result<void> fill_lengths(const BuildOptions& options, int context, EngineManifest& manifest) {
  if (options.max_input_len < 0 || options.max_output_len < 0)
    return fail(ErrorKind::invalid_input, "max_input_len {} and max_output_len {} must be positive, or 0 for automatic",
                options.max_input_len, options.max_output_len);
  manifest.max_output_len = options.max_output_len;
  if (options.max_output_len == 0)
    manifest.max_output_len = std::max(1, std::min(context / 4, context - options.max_input_len));
  manifest.max_input_len = options.max_input_len > 0 ? options.max_input_len : context - manifest.max_output_len;
  if (manifest.max_input_len < 1 || int64_t{manifest.max_input_len} + manifest.max_output_len > context)
    return fail(ErrorKind::invalid_input,
                "max_input_len {} + max_output_len {} do not fit the model's context of {} tokens: choose smaller ones",
                std::max(manifest.max_input_len, 0), manifest.max_output_len, context);
  return {};
}

Result<void> check_options(const BuildOptions& options) {
  if (options.max_batch_size < 1 || options.max_batch_size > 65536)
    return fail(ErrorKind::invalid_input, "max_batch_size is {}, expected 1 to 65536", options.max_batch_size);
  if (options.tokens_per_block < 1 || options.tokens_per_block > 1024)
    return fail(ErrorKind::invalid_input, "tokens_per_block is {}, expected 1 to 1024", options.tokens_per_block);
  const int group = options.group_size;
  if (options.qformat == QFormat::int4_wo && group != 0 && group != 32 && group != 64 && group != 128)
    return fail(ErrorKind::invalid_input, "group_size is {}, expected 32, 64, 128, or 0 for one scale a row", group);
  const std::string& kv = options.kv_cache_dtype;
  if (kv == "int8" || kv == "fp8")
    return fail(ErrorKind::unsupported, "kv_cache_dtype {} is not supported yet: choose auto, float32 or float16", kv);
  if (kv != "auto" && kv != "float32" && kv != "float16")
    return fail(ErrorKind::invalid_input, "there is no kv_cache_dtype {}: choose auto, float32 or float16", quote(kv));
  return {};
}

uint64_t copied_bytes(const std::string& model_dir) {
  uint64_t bytes = 0;
  std::error_code code;
  for (const std::string& file : files_to_copy(model_dir)) {
    const auto size = fs::file_size(model_dir + "/" + file, code);
    bytes += code ? 0 : size;
  }
  return bytes;
}

}  // namespace

Result<EngineManifest> manifest_for(const BuildOptions& options, const Checkpoint& checkpoint) {
  TRY_VOID(check_options(options));
  EngineManifest manifest;
  std::error_code code;
  manifest.source = fs::absolute(checkpoint.folder(), code).lexically_normal().string();
  if (const auto origin = origin_of(manifest.source)) {
    manifest.hub = name_of(origin->hub);
    manifest.repository = origin->repo.text();
    manifest.revision = origin->revision;
  }
  manifest.qformat = options.qformat;
  TRY(manifest.dtype, dtype_for(options, checkpoint));
  manifest.group_size = options.qformat == QFormat::int4_wo ? options.group_size : 0;
  manifest.quantize_lm_head = options.quantize_lm_head && options.qformat != QFormat::full_prec;
  manifest.max_batch_size = options.max_batch_size;
  TRY_VOID(fill_lengths(options, checkpoint.config().max_positions, manifest));
  manifest.tokens_per_block = options.tokens_per_block;
  manifest.kv_cache_dtype = options.kv_cache_dtype;
  manifest.created = utc_now();
  manifest.report.checkpoint_bytes = checkpoint.total_bytes();
  return manifest;
}

Result<BuildPlan> plan_build(const BuildOptions& options, const Checkpoint& checkpoint, EngineManifest manifest) {
  BuildPlan build;
  build.manifest = std::move(manifest);
  ReportCard& report = build.manifest.report;
  TRY(Graph graph, build_graph(checkpoint.config()));
  report.operations_before = static_cast<int>(graph.nodes.size());
  TRY(report.passes, rewrite(graph, checkpoint.config(), options.disabled_passes));
  report.operations_after = static_cast<int>(graph.nodes.size());
  TRY(build.plan, make_plan(graph));
  for (const WeightSpec& spec : build.plan.weights) TRY_VOID(WeightSource::open(checkpoint, spec));
  TRY(build.layout, lay_out(build.plan, build.manifest));
  return build;
}

Result<std::string> checked_output(const BuildOptions& options) {
  std::error_code code;
  fs::path path = fs::absolute(options.output_dir, code).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string output = path.string();
  if (options.output_dir.empty() || !path.has_filename())
    return fail(ErrorKind::invalid_input, "{}: name a directory for the engine", quote(options.output_dir));
  if (path.extension() == ".partial")
    return fail(ErrorKind::invalid_input, "{}: names ending in .partial are those of unfinished builds", output);
  if (!fs::exists(fs::symlink_status(path, code))) return output;
  const bool is_folder = fs::is_directory(fs::symlink_status(path, code));
  if (is_folder && fs::is_empty(path, code)) return output;
  if (!options.overwrite)
    return fail(ErrorKind::invalid_input, "{}: exists already: choose another name, or allow to replace it", output);
  if (!is_folder || !fs::exists(path / kEngineFile, code))
    return fail(ErrorKind::invalid_input, "{}: is not an engine and will not be replaced: choose another name", output);
  // An engine of a later version is not ours to judge, let alone to remove.
  const auto text = read_file((path / kEngineFile).string(), 16u << 20);
  const auto manifest = text ? parse_engine_json(*text, output) : tl::unexpected(text.error());
  if (!manifest && manifest.error().kind == ErrorKind::unsupported)
    return fail(ErrorKind::invalid_input, "{}: was made by a newer Flightdeck and will not be replaced", output);
  return output;
}

std::vector<std::string> files_to_copy(const std::string& model_dir) {
  std::vector<std::string> files;
  std::error_code code;
  for (const char* file : kCopied)
    if (fs::is_regular_file(model_dir + "/" + file, code)) files.emplace_back(file);
  return files;
}

uint64_t output_bytes(const BuildPlan& build, const std::string& model_dir) {
  constexpr uint64_t kStepBytes = 256, kPlanBytes = 16384;  // plan.json, engine.json
  return build.layout.file_bytes + copied_bytes(model_dir) + kPlanBytes +
         kStepBytes * (build.plan.steps.size() + 2 * build.plan.weights.size());
}

std::string disk_problem(const std::string& output, uint64_t needed_bytes, uint64_t free_bytes) {
  const uint64_t wanted = needed_bytes + needed_bytes / 20;
  if (wanted <= free_bytes) return {};
  return fmt::format("{}: the engine needs {} of disk, {} are free: free some space, choose another folder or INT4",
                     output, bytes_text(wanted), bytes_text(free_bytes));
}

}  // namespace flightdeck
