// Safetensors files for tests, right or wrong on purpose.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace flightdeck::test {

/// Length, header and data_bytes zeros.
inline std::string safetensors_bytes(const std::string& header, size_t data_bytes) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(static_cast<uint64_t>(header.size()) >> (8 * i));
  file += header;
  return file.append(data_bytes, '\0');
}

/// `"name":{"dtype":…}`, one entry of a header.
inline std::string tensor_entry(const std::string& name, const std::string& dtype, const std::string& shape,
                                uint64_t begin, uint64_t end) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name, dtype, shape, begin, end);
}

/// A file whose header has these entries.
inline std::string safetensors_of(const std::vector<std::string>& entries, size_t data_bytes) {
  return safetensors_bytes(fmt::format("{{{}}}", fmt::join(entries, ",")), data_bytes);
}

inline std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

}  // namespace flightdeck::test
