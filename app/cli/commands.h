// One function a command: adds the subcommand with its flags and leaves in `action` what a parsed command line asks
// for.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "core/base/result.h"

namespace flightdeck::cli {

/// The value is the exit code.
using Action = std::function<Result<int>()>;

void addPull(CLI::App& program, Action& action);
void addLogin(CLI::App& program, Action& action);
void addModels(CLI::App& program, Action& action);
void addVerify(CLI::App& program, Action& action);
void addBuild(CLI::App& program, Action& action);
void addRun(CLI::App& program, Action& action);
void addChat(CLI::App& program, Action& action);
void addBench(CLI::App& program, Action& action);
void addEval(CLI::App& program, Action& action);
void addInspect(CLI::App& program, Action& action);
void addTokenize(CLI::App& program, Action& action);
void addTemplate(CLI::App& program, Action& action);
void addDevices(CLI::App& program, Action& action);

/// A flag that may be given several times and whose texts are taken as they are, whatever they look like.
CLI::Option* addTexts(CLI::App* command, const std::string& name, std::vector<std::string>& texts,
                      const std::string& help);

}  // namespace flightdeck::cli
