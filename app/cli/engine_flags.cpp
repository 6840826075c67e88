#include "app/cli/engine_flags.h"

#include "app/cli/commands.h"
#include "app/cli/terminal.h"

namespace flightdeck::cli {

void EngineFlags::addTo(CLI::App* command, bool engineRequired) {
  CLI::Option* engine = command->add_option("--engine_dir", engineDir, "The engine: a folder that 'build' made");
  if (engineRequired) engine->required();
  command->add_option("--device", options.device, "auto, cpu or cuda:N");
  command->add_flag("--deterministic", options.deterministic,
                    "Greedy text does not depend on what else is in the batch; slower on a GPU, always so on a CPU");
  command->add_option("--threads", options.threads, "CPU threads; 0: one per physical core")
      ->check(CLI::Range(0, 1024));
  command
      ->add_option("--kv_cache_free_gpu_mem_fraction", options.kv_cache_fraction,
                   "Share of the free memory the KV cache may take")
      ->check(CLI::Range(0.01, 1.0));
}

void EngineFlags::addPolicyTo(CLI::App* command) {
  const std::map<std::string, BatchPolicy> policies = {{"guaranteed_no_evict", BatchPolicy::guaranteed_no_evict},
                                                       {"max_utilization", BatchPolicy::max_utilization},
                                                       {"static_batch", BatchPolicy::static_batch}};
  command->add_option("--scheduler_policy", options.policy, "guaranteed_no_evict, max_utilization or static_batch")
      ->transform(CLI::CheckedTransformer(policies, CLI::ignore_case));
}

Result<std::unique_ptr<Inference>> EngineFlags::load(std::stop_token stop) const {
  ProgressLine line;
  const auto show = [&line](const LoadProgress& progress) {
    if (isTerminal(stderr)) line.show(fmt::format("loading: {}", progress.phase), progress.fraction);
  };
  return load_engine(engineDir, options, show, std::move(stop));
}

void SamplingFlags::addTo(CLI::App* command) {
  command->add_option("--temperature", params.temperature, "0: always the most likely token")->group("Sampling");
  command->add_option("--top_k", params.top_k, "Only the k most likely tokens; 0: all, 1: greedy")->group("Sampling");
  command
      ->add_option_function<double>(
          "--top_p", [this](double value) { params.top_p = value == 0 ? 1.0 : value; },
          "Only the most likely tokens of this total probability; 0 or 1: all")
      ->group("Sampling");
  command->add_option("--min_p", params.min_p, "Only tokens at least this times as likely as the best")
      ->group("Sampling");
  command->add_option("--repetition_penalty", params.repetition_penalty, "1: none")->group("Sampling");
  command->add_option("--presence_penalty", params.presence_penalty, "0: none")->group("Sampling");
  command->add_option("--frequency_penalty", params.frequency_penalty, "0: none")->group("Sampling");
  command->add_option("--random_seed", params.seed, "Same seed, same text")->group("Sampling");
  command->add_option("--min_length", params.min_tokens, "End tokens are impossible before")->group("Sampling");
  addTexts(command, "--stop", params.stop, "End before this text; repeatable")->group("Sampling");
  command->add_flag("--ignore_eos", params.ignore_eos, "Do not end at end tokens")->group("Sampling");
}

}  // namespace flightdeck::cli
