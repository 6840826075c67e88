#include "core/jinja/value.h"

#include <algorithm>
#include <cmath>

#include "core/jinja/budget.h"
#include "core/jinja/function.h"

namespace flightdeck::jinja {

Value::Value(List list) : storage_(std::make_shared<List>(std::move(list))) {}
Value::Value(Dict dict) : storage_(std::make_shared<const Dict>(std::move(dict))) {}

const std::string& Value::undefined_what() const {
  static const std::string unnamed = "the value is undefined";
  const auto* undefined = std::get_if<Undefined>(&storage_);
  return undefined && undefined->what ? *undefined->what : unnamed;
}

std::optional<int64_t> Value::whole() const {
  if (integer()) return *integer();
  if (boolean()) return *boolean() ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (real()) return *real();
  const auto number = whole();
  return number ? std::optional<double>(static_cast<double>(*number)) : std::nullopt;
}

bool Value::truthy() const {
  if (is_undefined() || is_none()) return false;
  if (const auto value = number()) return *value != 0;
  if (text()) return !text()->empty();
  if (list()) return list()->kind == List::Kind::generator || !list()->items.empty();
  if (dict()) return dict()->size() > 0;
  return true;
}

int Value::depth() const {
  if (list()) return list()->depth;
  if (dict()) return dict()->depth();
  return name_space() || function() || loop() ? opaque : 0;
}

const char* Value::type_name() const {
  static constexpr const char* lists[] = {"list",      "tuple",       "range",     "generator",
                                          "dict_keys", "dict_values", "dict_items"};
  static constexpr const char* others[] = {"Undefined", "NoneType", "bool",      "int",      "float",      "str",
                                           "list",      "dict",     "Namespace", "function", "LoopContext"};
  return list() ? lists[static_cast<size_t>(list()->kind)] : others[storage_.index()];
}

bool Value::same_as(const Value& other) const {
  if (storage_.index() != other.storage_.index()) return false;
  if (text()) return text()->bytes() == other.text()->bytes();
  if (number()) return *number() == *other.number();
  return list() == other.list() && dict() == other.dict() && name_space() == other.name_space() &&
         function() == other.function() && loop() == other.loop();
}

List::List(std::vector<Value> values, Kind its_kind) : items(std::move(values)), kind(its_kind) {
  for (const Value& item : items) depth = std::max(depth, item.depth() + 1);
}

void Dict::set(Value key, Value value) {
  depth_ = std::max({depth_, key.depth() + 1, value.depth() + 1});
  const auto [slot, is_new] = index_.emplace(key_name(key).value_or(""), entries_.size());
  if (is_new) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[slot->second].second = std::move(value);
  }
}

const Value* Dict::find(const Value& key) const {
  const auto name = key_name(key);
  const auto slot = name ? index_.find(*name) : index_.end();
  return slot == index_.end() ? nullptr : &entries_[slot->second].second;
}

const Value* Dict::find_name(std::string_view key) const {
  const auto slot = index_.find("s" + std::string(key));
  return slot == index_.end() ? nullptr : &entries_[slot->second].second;
}

std::optional<std::string> key_name(const Value& key) {
  if (key.text()) return "s" + key.text()->bytes();
  if (key.is_none()) return "none";
  if (key.is_undefined()) return "undefined";
  if (const auto whole = key.whole()) return fmt::format("n{}", *whole);
  if (key.real()) {
    const double value = *key.real();
    const bool whole = std::abs(value) < 9e15 && value == std::floor(value);
    return whole ? fmt::format("n{}", static_cast<int64_t>(value)) : fmt::format("n{}", value);
  }
  // Two levels at most: the name of shared tuples in tuples would double at each.
  if (!key.list() || key.list()->kind != List::Kind::tuple || key.depth() > 2) return std::nullopt;
  std::string name = "t";
  for (const Value& item : key.list()->items) {
    const auto part = key_name(item);
    if (!part) return std::nullopt;
    name += fmt::format("{}:{}", part->size(), *part);
  }
  return name;
}

namespace {

bool equal_items(const List& a, const List& b, Budget& budget) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.kind == List::Kind::generator || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i)
    if (!equal(a.items[i], b.items[i], budget)) return false;
  return true;
}

bool equal_entries(const Dict& a, const Dict& b, Budget& budget) {
  if (&a == &b) return true;
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.find(key);
    if (!other || !equal(value, *other, budget)) return false;
  }
  return true;
}

}  // namespace

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.charge();
  if (a.text() && b.text()) return a.text()->bytes() == b.text()->bytes();
  if (a.whole() && b.whole()) return *a.whole() == *b.whole();
  if (a.number() && b.number()) return *a.number() == *b.number();
  if (a.list() && b.list()) return equal_items(*a.list(), *b.list(), budget);
  if (a.dict() && b.dict()) return equal_entries(*a.dict(), *b.dict(), budget);
  return a.same_as(b);
}

}  // namespace flightdeck::jinja
