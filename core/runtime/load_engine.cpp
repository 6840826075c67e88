// Engine directory → running engine.
#include <spdlog/spdlog.h>

#include <filesystem>

#include "core/base/json.h"
#include "core/runtime/engine.h"
#include "core/runtime/local_engine.h"
#include "core/tokenizer/chat_template.h"

namespace flightdeck {
namespace {

/// The defaults of generation_config.json; what is missing or out of range keeps ours. Sampling is never worth an
/// error.
SamplingParams default_sampling(const std::string& folder, int vocab_size) {
  SamplingParams params;
  const auto json = read_json_file(folder + "/generation_config.json");
  if (!json) return params;
  const JsonReader reader(*json, "generation_config.json");
  params.temperature = reader.number("temperature", 0, 100, params.temperature).value_or(params.temperature);
  params.top_p = reader.number("top_p", 1e-6, 1, params.top_p).value_or(params.top_p);
  params.top_k = static_cast<int>(reader.integer("top_k", 0, vocab_size, params.top_k).value_or(params.top_k));
  params.repetition_penalty =
      reader.number("repetition_penalty", 0.01, 10, params.repetition_penalty).value_or(params.repetition_penalty);
  if (!reader.boolean("do_sample", true).value_or(true)) params.temperature = 0;
  return params;
}

}  // namespace

Result<EngineSource> open_source(const std::string& engine_dir,
                                 const std::function<void(const LoadProgress&)>& progress, std::stop_token stop) {
  TRY(EngineDir opened, EngineDir::open(engine_dir));
  const auto dir = std::make_shared<EngineDir>(std::move(opened));
  TRY_VOID(dir->verify([&](double fraction) {
    if (progress) progress({"read", fraction});
    return !stop.stop_requested();
  }));
  EngineSource source;
  source.plan = dir->plan();
  source.manifest = dir->manifest();
  source.name = source.manifest.name;
  source.path = engine_dir;
  TRY(source.tokenizer, load_tokenizer(engine_dir));
  source.chat_prompt =
      ChatPrompt::choose(*source.tokenizer, source.plan.info.architecture, read_chat_template(engine_dir));
  if (!source.chat_prompt.problem().empty())
    spdlog::warn("the model's chat template cannot be used: {}", source.chat_prompt.problem());
  source.sampling = default_sampling(engine_dir, source.plan.info.vocab_size);
  source.weight = [dir](const WeightSpec& spec, std::vector<std::byte>&) { return dir->weight(spec); };
  source.vector = [dir](const WeightSpec& spec) { return dir->vector(spec); };
  source.loaded = [dir](const WeightSpec& spec) { dir->drop(spec); };
  return source;
}

Result<std::unique_ptr<Inference>> load_engine(const std::string& engine_dir, const EngineOptions& options,
                                               const std::function<void(const LoadProgress&)>& progress,
                                               std::stop_token stop) {
  TRY(EngineSource source, open_source(engine_dir, progress, stop));
  return start_engine(std::move(source), options, progress, stop);
}

}  // namespace flightdeck
