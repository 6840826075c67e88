// Flags that several commands share: which engine, on what, and how the next token is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <stop_token>
#include <string>

#include "core/runtime/engine.h"

namespace flightdeck::cli {

struct EngineFlags {
  std::string engineDir;
  EngineOptions options;

  /// --engine_dir (required or not), --device, --deterministic, --threads, --kv_cache_free_gpu_mem_fraction.
  void addTo(CLI::App* command, bool engineRequired = true);
  /// --scheduler_policy.
  void addPolicyTo(CLI::App* command);
  /// Loads the engine with progress on stderr.
  Result<std::unique_ptr<Inference>> load(std::stop_token stop) const;
};

/// --temperature to --ignore_eos. `params` holds the defaults until the command line is parsed.
struct SamplingFlags {
  SamplingParams params;

  void addTo(CLI::App* command);
};

}  // namespace flightdeck::cli
