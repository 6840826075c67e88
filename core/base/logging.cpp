#include "core/base/logging.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>

#include "core/base/file.h"
#include "core/base/paths.h"

namespace flightdeck {
namespace {

constexpr size_t kFileBytes = 2u << 20;
constexpr size_t kOlderFiles = 2;  // beside the current one

spdlog::color_mode colours() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color && *no_color ? spdlog::color_mode::never : spdlog::color_mode::automatic;
}

}  // namespace

void init_logging(bool verbose) {
  auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colours());
  terminal->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
  terminal->set_pattern("%^%l%$: %v");
  auto logger = std::make_shared<spdlog::logger>("flightdeck", terminal);
  std::string problem;
  if (auto made = make_directories(state_dir()); !made) problem = made.error().message;
  try {
    const std::string path = state_dir() + "/flightdeck.log";
    auto file = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, kFileBytes, kOlderFiles);
    file->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
    file->set_pattern("%Y-%m-%d %H:%M:%S.%e %P %l %v");
    logger->sinks().push_back(file);
  } catch (const spdlog::spdlog_ex& error) {
    if (problem.empty()) problem = error.what();
  }
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(logger);
  if (!problem.empty()) spdlog::warn("no log file is written: {}", problem);
}

}  // namespace flightdeck
