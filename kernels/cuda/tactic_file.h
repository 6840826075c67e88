// Measured decisions as a text file: a line that says whose they are, a line each, a line that counts them. Plain C++:
// tests run it on machines without a GPU. A file that is damaged or another GPU's is as good as none.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace flightdeck::cuda {

/// One decision, as numbers.
struct TacticRecord {
  int rows = 0, cols = 0, packing = 0, step_scales = 0, tokens = 0, bf16 = 0, tactic = 0;
};

constexpr char kTacticHeader[] = "flightdeck-tactics 2 ";
constexpr size_t kMostTacticBytes = size_t{4} << 20;

/// `device` is all that a decision depends on beside its shape: the GPU, its driver, the libraries, our kernels.
inline std::string tactic_text(const std::string& device, const std::vector<TacticRecord>& records) {
  std::ostringstream text;
  text << kTacticHeader << device << '\n';
  for (const TacticRecord& r : records) {
    text << r.rows << ' ' << r.cols << ' ' << r.packing << ' ' << r.step_scales << ' ' << r.tokens << ' ' << r.bf16
         << ' ' << r.tactic << '\n';
  }
  text << "end " << records.size() << '\n';
  return text.str();
}

/// Nothing when it is not a whole file of this device.
inline std::optional<std::vector<TacticRecord>> parse_tactics(const std::string& text, const std::string& device) {
  const std::string header = kTacticHeader + device + '\n';
  if (text.compare(0, header.size(), header) != 0) return std::nullopt;
  std::istringstream lines(text.substr(header.size()));
  std::vector<TacticRecord> records;
  for (std::string line; std::getline(lines, line);) {
    if (line == "end " + std::to_string(records.size())) {
      if (lines.peek() != std::istringstream::traits_type::eof() || text.back() != '\n') return std::nullopt;
      return records;
    }
    std::istringstream fields(line);
    TacticRecord r;
    std::string rest;
    fields >> r.rows >> r.cols >> r.packing >> r.step_scales >> r.tokens >> r.bf16 >> r.tactic;
    const bool sane = fields && !(fields >> rest) && r.rows > 0 && r.cols > 0 && r.packing >= 0 && r.step_scales >= 0 &&
                      r.tokens > 0 && (r.bf16 == 0 || r.bf16 == 1) && r.tactic >= 0;
    if (!sane) return std::nullopt;
    records.push_back(r);
  }
  return std::nullopt;  // cut off
}

inline std::optional<std::vector<TacticRecord>> read_tactics(const std::string& path, const std::string& device) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kMostTacticBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMostTacticBytes) return std::nullopt;
  return parse_tactics(text, device);
}

/// The file is there whole or as it was before: written beside its place and renamed. Not flushed to the disk: what a
/// power cut leaves is read as damaged and measured again.
inline bool write_tactics(const std::string& path, const std::string& device,
                          const std::vector<TacticRecord>& records) {
  const std::string beside = path + "." + std::to_string(getpid()) + ".tmp";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << tactic_text(device, records);
  file.close();
  if (file && std::rename(beside.c_str(), path.c_str()) == 0) return true;
  std::remove(beside.c_str());
  return false;
}

/// A file's name that says whose it is: letters, digits and dashes.
inline std::string tactic_file_name(const std::string& device_name) {
  std::string name = "tactics-";
  for (const char c : device_name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    name += plain ? c : '-';
  }
  return name + ".txt";
}

}  // namespace flightdeck::cuda
