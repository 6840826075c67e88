// The strict event layer below parse_json, for formats that read JSON without building a tree (safetensors headers).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

/// Refuses every event until a format allows it. Handlers return reject("…") to stop with a reason.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual bool null() { return reject("unexpected null"); }
  virtual bool boolean(bool) { return reject("unexpected true or false"); }
  virtual bool negative(int64_t) { return reject("unexpected negative number"); }  // and -0
  virtual bool integer(uint64_t) { return reject("unexpected number"); }
  /// Anything with a fraction, an exponent or beyond 64 bits; `text` as it was written.
  virtual bool real(double, const std::string& /*text*/) { return reject("unexpected fraction or huge number"); }
  virtual bool string(std::string&) { return reject("unexpected text"); }
  virtual bool start_object() { return reject("unexpected object"); }
  virtual bool key(std::string&) { return reject("unexpected key"); }
  virtual bool end_object() { return reject("unexpected end of object"); }
  virtual bool start_array() { return reject("unexpected list"); }
  virtual bool end_array() { return reject("unexpected end of list"); }

  bool reject(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// Feeds `text` to `events`; the first refusal or syntax error is ErrorKind::corrupt with `name` in front. No
/// recursion.
Result<void> parse_json_events(std::string_view text, std::string_view name, JsonEvents& events);

/// `text` as a JSON string with its quotes; control bytes and broken UTF-8 are escaped or replaced by U+FFFD.
std::string json_string(std::string_view text);

}  // namespace flightdeck
