// Everything a build decides before it touches a weight: options checked and completed, plan, layout, what to copy.
#pragma once

#include <string>
#include <vector>

#include "core/engine/builder.h"
#include "core/engine/engine_format.h"

namespace flightdeck {

struct BuildPlan {
  Plan plan;
  EngineManifest manifest;  // with the report of the passes; checksums still empty
  EngineLayout layout;
};

/// The options as a manifest: defaults filled in from the model, ranges checked.
Result<EngineManifest> manifest_for(const BuildOptions& options, const Checkpoint& checkpoint);
/// Graph, passes, plan, layout; also that the checkpoint has every tensor, of the right shape.
Result<BuildPlan> plan_build(const BuildOptions& options, const Checkpoint& checkpoint, EngineManifest manifest);

/// The output directory without a slash at its end; refused when something is there that may not be replaced.
Result<std::string> checked_output(const BuildOptions& options);
/// Tokenizer files, chat template and generation_config.json that the model's folder has.
std::vector<std::string> files_to_copy(const std::string& model_dir);
/// Bytes a build writes, and a problem text when the disk has less free (with a twentieth to spare).
uint64_t output_bytes(const BuildPlan& build, const std::string& model_dir);
std::string disk_problem(const std::string& output, uint64_t needed_bytes, uint64_t free_bytes);

}  // namespace flightdeck
