// The strict event layer below parse_json, for formats that read JSON without building a tree (safetensors headers).
#pragma once

#include <string>
#include <string_view>

#include "core/base/json.h"

namespace flightdeck {

/// Refuses every event until a format allows it. Handlers return reject("…") to stop with a reason.
class JsonEvents : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return reject("unexpected null"); }
  bool boolean(bool) override { return reject("unexpected boolean"); }
  bool number_integer(int64_t) override { return reject("unexpected negative number"); }
  bool number_unsigned(uint64_t) override { return reject("unexpected number"); }
  bool number_float(double, const std::string&) override { return reject("unexpected fraction or huge number"); }
  bool string(std::string&) override { return reject("unexpected text"); }
  bool binary(Json::binary_t&) override { return reject("unexpected binary"); }
  bool start_object(size_t) override { return reject("unexpected object"); }
  bool key(std::string&) override { return reject("unexpected key"); }
  bool end_object() override { return reject("unexpected end of object"); }
  bool start_array(size_t) override { return reject("unexpected array"); }
  bool end_array() override { return reject("unexpected end of array"); }
  bool parse_error(size_t position, const std::string& token, const nlohmann::detail::exception& error) override;

  const std::string& reason() const { return reason_; }

 protected:
  bool reject(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }

 private:
  friend Result<void> parse_json_events(std::string_view, std::string_view, JsonEvents&);
  size_t text_bytes_ = 0;
  std::string reason_;
};

/// Feeds `text` to `events`; the first refusal or syntax error is ErrorKind::corrupt with `name` in front. No
/// recursion.
Result<void> parse_json_events(std::string_view text, std::string_view name, JsonEvents& events);

}  // namespace flightdeck
