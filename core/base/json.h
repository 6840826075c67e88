// Strict JSON: duplicate keys, trailing bytes, bad UTF-8, NaN and deep nesting are errors, never surprises
// (reliability page, section 1.5). Everything untrusted is read through here.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json_fwd.h"
#include "core/base/result.h"

namespace flightdeck {

struct JsonLimits {
  size_t max_bytes = 64u << 20;
  int max_depth = 128;
};

/// `name` (a file or request) is what error messages call the text.
Result<Json> parse_json(std::string_view text, std::string_view name, const JsonLimits& limits = {});
Result<Json> read_json_file(const std::string& path, const JsonLimits& limits = {});

/// Reads fields of one object with their ranges; messages are "<name>: <key> is <value>, expected <range>".
/// Without a fallback a missing (or null) field is an error. Integers must be JSON integers.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string name) : object_(object), name_(std::move(name)) {}

  bool has(const char* key) const { return object_.is_object() && object_.contains(key) && !object_.at(key).is_null(); }
  Result<int64_t> integer(const char* key, int64_t low, int64_t high, std::optional<int64_t> fallback = {}) const;
  Result<double> number(const char* key, double low, double high, std::optional<double> fallback = {}) const;
  Result<bool> boolean(const char* key, std::optional<bool> fallback = {}) const;
  Result<std::string> text(const char* key, std::optional<std::string> fallback = {}) const;

 private:
  const Json& object_;
  std::string name_;
};

}  // namespace flightdeck
