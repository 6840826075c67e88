#include <limits>

#include "core/base/json_sax.h"
#include "core/jinja/value.h"

namespace flightdeck::jinja {
namespace {

constexpr size_t max_values = 1u << 20;
constexpr size_t max_depth = 64;

/// A value costs some 100 bytes: the number of values is capped, not only the bytes of the text.
class Builder final : public JsonEvents {
 public:
  explicit Builder(Origin strings) : strings_(strings) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool negative(int64_t value) override { return add(value); }
  bool integer(uint64_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return reject("a number beyond 63 bits");
    return add(static_cast<int64_t>(value));
  }
  bool real(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(Value(value, strings_)); }
  bool start_object() override { return open(true); }
  bool start_array() override { return open(false); }
  bool end_object() override {
    Value made(std::move(open_.back().dict));
    open_.pop_back();
    return add(std::move(made));
  }
  bool end_array() override {
    Value made{List(std::move(open_.back().items))};
    open_.pop_back();
    return add(std::move(made));
  }
  bool key(std::string& name) override {
    if (open_.back().dict.find_name(name)) return reject("a key appears twice");
    open_.back().key = std::move(name);
    return true;
  }

  Value take() { return std::move(root_); }

 private:
  struct Level {
    bool is_dict = false;
    Dict dict;
    std::vector<Value> items;
    std::string key;
  };

  bool open(bool is_dict) {
    if (open_.size() >= max_depth) return reject(fmt::format("nested deeper than {} levels", max_depth));
    open_.emplace_back().is_dict = is_dict;
    return true;
  }

  bool add(Value value) {
    if (++values_ > max_values) return reject(fmt::format("more than {} values", max_values));
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_dict) {
      open_.back().dict.set(Value(open_.back().key), std::move(value));
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  Origin strings_;
  Value root_;
  std::vector<Level> open_;
  size_t values_ = 0;
};

}  // namespace

Result<Value> value_from_json(std::string_view json, std::string_view name, Origin strings) {
  Builder builder(strings);
  TRY_VOID(parse_json_events(json, name, builder));
  return builder.take();
}

}  // namespace flightdeck::jinja
