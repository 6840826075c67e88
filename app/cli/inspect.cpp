// `flightdeck inspect PATH`: what a checkpoint, an engine or a safetensors file holds.
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/terminal.h"
#include "core/base/quote.h"
#include "core/engine/engine_dir.h"
#include "core/engine/source_files.h"
#include "core/graph/arch.h"
#include "core/tokenizer/chat_prompt.h"
#include "core/tokenizer/chat_template.h"

namespace flightdeck::cli {
namespace {

namespace fs = std::filesystem;

std::string dtypeName(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "F32";
    case DType::f16:
      return "F16";
    case DType::bf16:
      return "BF16";
    case DType::i8:
      return "I8";
    case DType::i32:
      return "I32";
  }
  return "?";
}

Json tensorJson(const TensorInfo& tensor) {
  return {{"name", tensor.name},
          {"dtype", dtypeName(tensor.dtype)},
          {"shape", tensor.shape},
          {"bytes", tensor.data.size()}};
}

std::string tensorLine(const TensorInfo& tensor) {
  return fmt::format("  {:<52} {:<5} [{}] {}\n", quote(tensor.name), dtypeName(tensor.dtype),
                     fmt::join(tensor.shape, ", "), humanBytes(tensor.data.size()));
}

Json passJson(const PassReport& pass) {
  return {{"name", pass.name},
          {"rewrites", pass.rewrites},
          {"operations_before", pass.operations_before},
          {"operations_after", pass.operations_after},
          {"max_difference", pass.max_difference}};
}

std::string passTable(const std::vector<PassReport>& passes) {
  std::string text;
  for (const PassReport& pass : passes)
    text += fmt::format("  {:<22} {:>4} rewrites, {:>4} -> {:>4} operations, logits within {:.1e}\n", pass.name,
                        pass.rewrites, pass.operations_before, pass.operations_after, pass.max_difference);
  return text;
}

Result<int> inspectSafetensors(const std::string& path, bool json) {
  const auto opened = SafetensorsFile::open(path);
  if (!opened) return tl::unexpected(with_next_step(opened.error(), "download the file again"));
  const SafetensorsFile& file = *opened;
  if (json) {
    Json out{{"kind", "safetensors"}, {"path", path}, {"metadata", file.metadata()}, {"tensors", Json::array()}};
    for (const TensorInfo& tensor : file.tensors()) out["tensors"].push_back(tensorJson(tensor));
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  fmt::print("safetensors {}: {} tensors, {}\n", path, file.tensors().size(), humanBytes(file.file().bytes().size()));
  for (const auto& [key, value] : file.metadata()) fmt::print("  metadata {} = {}\n", quote(key), quote(value));
  for (const TensorInfo& tensor : file.tensors()) fmt::print("{}", tensorLine(tensor));
  for (const SkippedTensor& tensor : file.skipped())
    fmt::print("  {:<52} {} (not read)\n", quote(tensor.name), tensor.dtype);
  return 0;
}

std::string chatFormat(const std::string& folder, const std::string& architecture) {
  const auto tokenizer = load_tokenizer(folder);
  if (!tokenizer) return "unknown: " + tokenizer.error().message;
  const ChatPrompt prompt = ChatPrompt::choose(**tokenizer, architecture, read_chat_template(folder));
  if (!prompt.problem().empty())
    fmt::print(stderr, "flightdeck: the model's chat template cannot be used: {}\n", prompt.problem());
  return prompt.found() ? prompt.name() : "none known, prompts are plain text";
}

Json configJson(const ModelConfig& config) {
  return {{"architecture", config.architecture},
          {"vocab_size", config.vocab_size},
          {"hidden_size", config.hidden_size},
          {"intermediate_size", config.intermediate_size},
          {"num_layers", config.num_layers},
          {"num_heads", config.num_heads},
          {"num_kv_heads", config.num_kv_heads},
          {"head_dim", config.head_dim},
          {"max_positions", config.max_positions},
          {"rms_norm_eps", config.rms_norm_eps},
          {"rope_theta", config.rope_theta},
          {"sliding_window", config.sliding_window},
          {"tied_head", config.tied_head},
          {"norm_head", config.norm_head},
          {"alibi", config.alibi},
          {"torch_dtype", config.torch_dtype},
          {"bos_ids", config.bos_ids},
          {"eos_ids", config.eos_ids}};
}

Result<int> inspectCheckpoint(const std::string& path, bool json) {
  TRY(const Checkpoint checkpoint, Checkpoint::open(path));
  const ModelConfig& config = checkpoint.config();
  TRY(Graph graph, build_graph(config));
  const Graph before = graph;
  TRY(const std::vector<PassReport> passes, rewrite(graph, config));
  const std::string chat = chatFormat(path, config.architecture);
  if (json) {
    Json out{{"kind", "checkpoint"},
             {"path", path},
             {"config", configJson(config)},
             {"chat_format", chat},
             {"files", checkpoint.files()},
             {"bytes", checkpoint.total_bytes()},
             {"operations_before", before.nodes.size()},
             {"operations_after", graph.nodes.size()},
             {"passes", Json::array()},
             {"tensors", Json::array()}};
    for (const PassReport& pass : passes) out["passes"].push_back(passJson(pass));
    for (const auto& [name, tensor] : checkpoint.tensors()) out["tensors"].push_back(tensorJson(tensor));
    fmt::print("{}\n", out.dump(1));
    return 0;
  }
  fmt::print("checkpoint {}: {} in {} files, {} tensors\n", path, humanBytes(checkpoint.total_bytes()),
             checkpoint.files().size(), checkpoint.tensors().size());
  const Json described = configJson(config);
  for (const auto& [key, value] : described.items()) fmt::print("  {:<18} {}\n", key, value.dump());
  fmt::print("  {:<18} {}\n", "chat_format", chat);
  fmt::print("\nGraph before:\n{}\nPasses:\n{}\nGraph after:\n{}\nTensors:\n", to_text(before), passTable(passes),
             to_text(graph));
  for (const auto& [name, tensor] : checkpoint.tensors()) fmt::print("{}", tensorLine(tensor));
  return 0;
}

void printManifest(const EngineManifest& manifest) {
  const ReportCard& card = manifest.report;
  if (!manifest.repository.empty())
    fmt::print("  repository   {} {}{}\n", manifest.hub, manifest.repository,
               manifest.revision.empty() ? "" : " at " + manifest.revision);
  fmt::print("  source       {}\n  format       {}, {}{}{}\n", manifest.source, name_of(manifest.qformat),
             manifest.dtype, manifest.group_size ? fmt::format(", group {}", manifest.group_size) : "",
             manifest.quantize_lm_head ? ", lm_head quantized" : "");
  fmt::print("  limits       {} tokens in + {} out, batch {}, {} tokens a cache block ({})\n", manifest.max_input_len,
             manifest.max_output_len, manifest.max_batch_size, manifest.tokens_per_block, manifest.kv_cache_dtype);
  fmt::print("  built        {}, {} -> {}, {} -> {} operations\n", manifest.created, humanBytes(card.checkpoint_bytes),
             humanBytes(card.engine_bytes), card.operations_before, card.operations_after);
  if (card.max_logit_error >= 0)
    fmt::print("  error        logits at most {:.3g} (mean {:.3g}) from full precision, same best token {:.1f}%\n",
               card.max_logit_error, card.mean_logit_error, 100 * card.top1_agreement);
  for (const auto& [phase, seconds] : card.phase_seconds) fmt::print("  {:<12} {}\n", phase, humanSeconds(seconds));
}

/// Reads everything: the engine against its checksums, the checkpoint against what the engine was made of.
Result<int> verifyEngine(const std::string& path) {
  TRY(const EngineDir dir, EngineDir::open(path));
  TRY_VOID(dir.verify());
  TRY(const std::vector<std::string> stale, stale_sources(dir.manifest()));
  fmt::print("engine {}: all {} files are as they were built\n", path, dir.manifest().checksums.size());
  if (stale.empty()) return 0;
  fmt::print("stale: {} of {} changed or went away since: build again to use what is there now\n",
             fmt::join(stale, ", "), dir.manifest().source);
  return 0;
}

Result<int> inspectEngine(const std::string& path, bool json) {
  TRY(const EngineDir dir, EngineDir::open(path));
  if (json) {
    fmt::print(
        "{}\n",
        Json{{"kind", "engine"}, {"path", path}, {"manifest", to_json(dir.manifest())}, {"plan", to_json(dir.plan())}}
            .dump(1));
    return 0;
  }
  fmt::print("engine {} in {}, {} of weights\n", dir.manifest().name, path, humanBytes(dir.weight_bytes()));
  printManifest(dir.manifest());
  fmt::print("  chat_format  {}\n", chatFormat(path, dir.plan().info.architecture));
  fmt::print("\nPasses:\n{}\nPlan:\n{}", passTable(dir.manifest().report.passes), to_text(graph_of(dir.plan())));
  fmt::print("\nWeights:\n");
  for (const WeightSpec& spec : dir.plan().weights)
    fmt::print("  {:<52} [{}, {}]\n", quote(spec.name), spec.rows, spec.cols);
  return 0;
}

Result<int> inspect(const std::string& path, bool json, bool verify) {
  std::error_code code;
  if (!fs::exists(path, code))
    return fail(ErrorKind::not_found, "{}: there is no such file or folder: check the path",
                path.empty() ? "''" : path);
  if (!fs::is_directory(path, code)) {
    if (path.ends_with(".safetensors")) return inspectSafetensors(path, json);
    return fail(ErrorKind::unsupported,
                "{}: only .safetensors files, checkpoint folders and engine folders can be inspected: name one of "
                "these",
                path);
  }
  if (fs::exists(fs::path(path) / "engine.json", code)) return verify ? verifyEngine(path) : inspectEngine(path, json);
  if (fs::exists(fs::path(path) / "config.json", code)) return inspectCheckpoint(path, json);
  return fail(
      ErrorKind::not_found,
      "{}: neither a checkpoint (config.json) nor an engine (engine.json) is in this folder: name the folder of one",
      path);
}

}  // namespace

void addInspect(CLI::App& program, Action& action) {
  struct Flags {
    std::string path;
    bool json = false, verify = false;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("inspect", "What a checkpoint, an engine or a .safetensors file holds");
  command->add_option("PATH", flags->path, "A folder or a .safetensors file")->required();
  command->add_flag("--json", flags->json, "As JSON");
  command->add_flag("--verify", flags->verify, "Read a whole engine and its checkpoint: is anything damaged or stale?");
  command->callback(
      [flags, &action] { action = [flags] { return inspect(flags->path, flags->json, flags->verify); }; });
}

}  // namespace flightdeck::cli
