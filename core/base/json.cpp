#include "core/base/json.h"

#include <cmath>
#include <vector>

#include "core/base/file.h"
#include "core/base/json_sax.h"
#include "core/base/quote.h"

namespace flightdeck {
namespace {

// A value costs 16 bytes or more as a tree: "[0,0,0,…" must not turn 64 MiB of text into gigabytes.
constexpr size_t kMaxValues = 8u << 20;

/// Builds the tree that nlohmann would build, and refuses what it would let pass.
class TreeBuilder final : public JsonEvents {
 public:
  TreeBuilder(Json& root, int max_depth) : root_(root), max_depth_(max_depth) {}

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool negative(int64_t value) override { return add(value) != nullptr; }
  bool integer(uint64_t value) override { return add(value) != nullptr; }
  bool real(double value, const std::string&) override { return add(value) != nullptr; }
  bool string(std::string& value) override { return add(std::move(value)) != nullptr; }
  bool start_object() override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array() override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    auto [slot, is_new] = open_.back()->get_ref<Json::object_t&>().try_emplace(name, nullptr);
    if (!is_new) return reject(fmt::format("key {} appears twice", quote(name)));
    slot_ = &slot->second;
    return true;
  }

 private:
  Json* add(Json value) {
    if (++values_ > kMaxValues) return reject(fmt::format("more than {} values", kMaxValues)), nullptr;
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_object()) return &(*slot_ = std::move(value));
    auto& array = open_.back()->get_ref<Json::array_t&>();
    return &array.emplace_back(std::move(value));
  }

  bool open(Json container) {
    if (static_cast<int>(open_.size()) >= max_depth_)
      return reject(fmt::format("nested deeper than {} levels", max_depth_));
    Json* added = add(std::move(container));
    if (added) open_.push_back(added);
    return added != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json& root_;
  int max_depth_;
  std::vector<Json*> open_;  // containers not yet closed; stable, as only the innermost one grows
  Json* slot_ = nullptr;     // where the value of the last key goes
  size_t values_ = 0;
};

/// What nlohmann says, without the text it quotes: that is untrusted and may be as long as the file.
std::string short_reason(std::string_view what) {
  if (const size_t dash = what.find(" - "); dash != what.npos) what.remove_prefix(dash + 3);
  what = what.substr(0, what.find("; last read"));
  return std::string(what.substr(0, 120));
}

/// nlohmann's events handed on to ours.
class Adapter final : public nlohmann::json_sax<Json> {
 public:
  Adapter(JsonEvents& events, size_t text_bytes) : events_(events), text_bytes_(text_bytes) {}

  bool null() override { return events_.null(); }
  bool boolean(bool value) override { return events_.boolean(value); }
  bool number_integer(int64_t value) override { return events_.negative(value); }
  bool number_unsigned(uint64_t value) override { return events_.integer(value); }
  bool number_float(double value, const std::string& text) override { return events_.real(value, text); }
  bool string(std::string& value) override { return events_.string(value); }
  bool binary(Json::binary_t&) override { return events_.reject("unexpected binary"); }
  bool start_object(size_t) override { return events_.start_object(); }
  bool key(std::string& name) override { return events_.key(name); }
  bool end_object() override { return events_.end_object(); }
  bool start_array(size_t) override { return events_.start_array(); }
  bool end_array() override { return events_.end_array(); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    if (position > text_bytes_) return events_.reject(fmt::format("truncated at byte {}", text_bytes_));
    return events_.reject(fmt::format("not valid JSON at byte {}: {}", position, short_reason(error.what())));
  }

 private:
  JsonEvents& events_;
  size_t text_bytes_;
};

}  // namespace

Result<void> parse_json_events(std::string_view text, std::string_view name, JsonEvents& events) {
  Adapter adapter(events, text.size());
  if (text.starts_with("\xef\xbb\xbf"))  // nlohmann would skip it
    return fail(ErrorKind::corrupt, "{}: starts with a byte order mark, which JSON forbids", name);
  if (const size_t nul = text.find('\0'); nul != text.npos)  // nlohmann would end there and ignore the rest
    return fail(ErrorKind::corrupt, "{}: not valid JSON at byte {}: NUL byte", name, nul);
  try {
    if (Json::sax_parse(text.begin(), text.end(), &adapter)) return {};
  } catch (const std::exception& error) {  // bad_alloc, length_error
    return fail(ErrorKind::no_space, "{}: {} bytes of JSON could not be read: {}", name, text.size(), error.what());
  }
  return fail(ErrorKind::corrupt, "{}: {}", name, events.reason());
}

std::string json_string(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> parse_json(std::string_view text, std::string_view name, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorKind::corrupt, "{}: {} bytes of JSON, at most {} are read", name, text.size(), limits.max_bytes);
  Json root;
  TreeBuilder builder(root, limits.max_depth);
  TRY_VOID(parse_json_events(text, name, builder));
  return root;
}

Result<Json> read_json_file(const std::string& path, const JsonLimits& limits) {
  TRY(const std::string text, read_file(path, limits.max_bytes));
  return parse_json(text, path, limits);
}

namespace {

/// A field's value for a message, cut short.
std::string shown(const Json& value) {
  if (value.is_string()) return quote(value.get_ref<const std::string&>(), 60);
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return value.dump();
}

}  // namespace

Result<int64_t> JsonReader::integer(const char* key, int64_t low, int64_t high, std::optional<int64_t> fallback) const {
  if (!has(key)) {
    if (fallback) return *fallback;
    return fail(ErrorKind::corrupt, "{}: {} is missing, expected an integer from {} to {}", name_, key, low, high);
  }
  const Json& value = object_.at(key);
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= INT64_MAX : value.is_number_integer();
  if (!fits || value.get<int64_t>() < low || value.get<int64_t>() > high)
    return fail(ErrorKind::corrupt, "{}: {} is {}, expected an integer from {} to {}", name_, key, shown(value), low,
                high);
  return value.get<int64_t>();
}

Result<double> JsonReader::number(const char* key, double low, double high, std::optional<double> fallback) const {
  if (!has(key)) {
    if (fallback) return *fallback;
    return fail(ErrorKind::corrupt, "{}: {} is missing, expected a number from {} to {}", name_, key, low, high);
  }
  const Json& value = object_.at(key);
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (!(number >= low && number <= high))
    return fail(ErrorKind::corrupt, "{}: {} is {}, expected a number from {} to {}", name_, key, shown(value), low,
                high);
  return number;
}

Result<bool> JsonReader::boolean(const char* key, std::optional<bool> fallback) const {
  if (!has(key)) {
    if (fallback) return *fallback;
    return fail(ErrorKind::corrupt, "{}: {} is missing, expected true or false", name_, key);
  }
  const Json& value = object_.at(key);
  if (!value.is_boolean())
    return fail(ErrorKind::corrupt, "{}: {} is {}, expected true or false", name_, key, shown(value));
  return value.get<bool>();
}

Result<std::string> JsonReader::text(const char* key, std::optional<std::string> fallback) const {
  if (!has(key)) {
    if (fallback) return *fallback;
    return fail(ErrorKind::corrupt, "{}: {} is missing, expected text", name_, key);
  }
  const Json& value = object_.at(key);
  if (!value.is_string()) return fail(ErrorKind::corrupt, "{}: {} is {}, expected text", name_, key, shown(value));
  return value.get<std::string>();
}

}  // namespace flightdeck
