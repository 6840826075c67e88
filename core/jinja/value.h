// Values of a template: Python's, without reflection. Containers are immutable once made (a namespace is not), so their
// depth is known and no cycle of them can be built. Values; one render is one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/jinja/text.h"

namespace flightdeck::jinja {

class Budget;
class Dict;
class Function;
class Value;
struct List;
struct LoopState;

/// An absent value; `what` is the end of its error message: "'x' is undefined".
struct Undefined {
  std::shared_ptr<const std::string> what;
};
struct Namespace {
  std::vector<std::pair<std::string, Value>> values;
};

class Value {
 public:
  using Storage = std::variant<Undefined, std::nullptr_t, bool, int64_t, double, std::shared_ptr<const Text>,
                               std::shared_ptr<List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                               std::shared_ptr<const Function>, std::shared_ptr<LoopState>>;

  Value() : storage_(Undefined{}) {}
  Value(std::nullptr_t) : storage_(nullptr) {}
  Value(bool value) : storage_(value) {}
  Value(int64_t value) : storage_(value) {}
  Value(double value) : storage_(value) {}
  Value(Text text) : storage_(std::make_shared<const Text>(std::move(text))) {}
  Value(std::string_view text, Origin origin = Origin::model) : Value(Text(text, origin)) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(List list);
  Value(Dict dict);
  Value(std::shared_ptr<const Function> function) : storage_(std::move(function)) {}
  Value(std::shared_ptr<Namespace> name_space) : storage_(std::move(name_space)) {}
  Value(std::shared_ptr<LoopState> loop) : storage_(std::move(loop)) {}
  static Value undefined(std::string what) {
    Value value;
    value.storage_ = Undefined{std::make_shared<const std::string>(std::move(what))};
    return value;
  }

  bool is_undefined() const { return std::holds_alternative<Undefined>(storage_); }
  bool is_none() const { return std::holds_alternative<std::nullptr_t>(storage_); }
  const bool* boolean() const { return std::get_if<bool>(&storage_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&storage_); }
  const double* real() const { return std::get_if<double>(&storage_); }
  const Text* text() const { return held<std::shared_ptr<const Text>>(); }
  List* list() const { return held<std::shared_ptr<List>>(); }
  const Dict* dict() const { return held<std::shared_ptr<const Dict>>(); }
  Namespace* name_space() const { return held<std::shared_ptr<Namespace>>(); }
  const Function* function() const { return held<std::shared_ptr<const Function>>(); }
  LoopState* loop() const { return held<std::shared_ptr<LoopState>>(); }
  const std::string& undefined_what() const;

  /// An integer or a bool, which is one in Python.
  std::optional<int64_t> whole() const;
  std::optional<double> number() const;
  bool truthy() const;
  /// Levels of containers; a namespace or function counts as `opaque`, so that none is put into a namespace.
  int depth() const;
  static constexpr int opaque = 1000;
  /// Python's name of the type, for messages.
  const char* type_name() const;
  /// The same object or equal small value (`is sameas`).
  bool same_as(const Value& other) const;

 private:
  template <class Pointer>
  auto held() const -> decltype(std::declval<Pointer>().get()) {
    const auto* pointer = std::get_if<Pointer>(&storage_);
    return pointer ? pointer->get() : nullptr;
  }

  Storage storage_;
};

/// Every ordered thing. A generator gives its items once.
struct List {
  enum class Kind : uint8_t { list, tuple, range, generator, keys, values, items };
  std::vector<Value> items;
  Kind kind = Kind::list;
  int depth = 1;

  List() = default;
  explicit List(std::vector<Value> values, Kind its_kind = Kind::list);
  bool is_sequence() const { return kind == Kind::list || kind == Kind::tuple || kind == Kind::range; }
};

/// Keys in the order of their insertion.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  void set(Value key, Value value);
  const Value* find(const Value& key) const;
  const Value* find_name(std::string_view key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> index_;  // by key_name
  int depth_ = 1;
};

/// Equal for keys that Python takes for the same (1, True and 1.0); none for what cannot be a key.
std::optional<std::string> key_name(const Value& key);

/// Python's ==. Numbers by value, sequences of one kind element by element; every element is charged.
bool equal(const Value& a, const Value& b, Budget& budget);

/// JSON with its keys in order; every string value (not the keys) has the origin given.
Result<Value> value_from_json(std::string_view json, std::string_view name, Origin strings = Origin::model);

}  // namespace flightdeck::jinja
