#include "app/cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace flightdeck::cli {

bool isTerminal(std::FILE* file) { return isatty(fileno(file)) == 1; }

void ProgressLine::show(const std::string& step, double fraction, const std::string& detail) {
  const bool isNew = step != step_;
  step_ = step;
  if (!isTerminal(stderr)) {
    if (isNew) fmt::print(stderr, "{}\n", step);
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (!isNew && now - drawnAt_ < std::chrono::milliseconds(50)) return;
  drawnAt_ = now;
  constexpr int kWidth = 24;
  const int full = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kWidth);
  fmt::print(stderr, "\r\033[K{:━<{}}{:╌<{}} {:3.0f}% {}{}{}", "", full, "", kWidth - full, fraction * 100, step,
             detail.empty() ? "" : " · ", detail);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void printModelText(std::string_view text) {
  static const bool terminal = isTerminal(stdout);
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!terminal || (byte >= ' ' && byte != 0x7f) || c == '\n' || c == '\t') shown += c;
  }
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  std::fflush(stdout);
}

std::string humanBytes(uint64_t bytes) {
  static const char* const kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) value /= 1000, ++unit;
  return fmt::format("{:.{}f} {}", value, unit == 0 ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0, kUnits[unit]);
}

std::string humanSeconds(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 100) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string shellQuoted(const std::string& path) {
  const bool plain = !path.empty() && std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("/._-+:@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace flightdeck::cli
