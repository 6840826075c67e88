// Elements, subscripts and slices.
#include "core/jinja/operators.h"

namespace flightdeck::jinja {
namespace {

/// Python's clamping of one end of a slice.
int64_t bound(const Value& value, int64_t fallback, int64_t low, int64_t high, int64_t size) {
  if (value.is_none()) return fallback;
  if (!value.whole()) fail_render("a slice takes whole numbers, not {}", value.type_name());
  const int64_t at = *value.whole() < 0 ? *value.whole() + size : *value.whole();
  return std::clamp(at, low, high);
}

/// The places that a slice takes.
std::vector<size_t> places(int64_t size, const Value& start, const Value& stop, const Value& step) {
  if (!step.is_none() && !step.whole()) fail_render("a slice takes whole numbers, not {}", step.type_name());
  const int64_t by = step.is_none() ? 1 : *step.whole();
  if (by == 0) fail_render("a slice cannot go on by 0");
  const bool up = by > 0;
  const int64_t low = up ? 0 : -1, high = up ? size : size - 1;
  const int64_t first = bound(start, up ? 0 : size - 1, low, high, size);
  const int64_t last = bound(stop, up ? size : -1, low, high, size);
  std::vector<size_t> made;
  for (int64_t at = first; up ? at < last : at > last;) {
    made.push_back(static_cast<size_t>(at));
    if (__builtin_add_overflow(at, by, &at)) break;
  }
  return made;
}

std::optional<size_t> index(const Value& key, size_t size) {
  const auto whole = key.whole();
  if (!whole) return std::nullopt;
  const int64_t at = *whole < 0 ? *whole + static_cast<int64_t>(size) : *whole;
  return at >= 0 && at < static_cast<int64_t>(size) ? std::optional<size_t>(at) : std::nullopt;
}

}  // namespace

std::optional<size_t> length_of(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.dict()) return value.dict()->size();
  if (value.list() && value.list()->kind != List::Kind::generator) return value.list()->items.size();
  if (value.text()) return character_starts(value.text()->bytes()).size() - 1;
  return std::nullopt;
}

std::vector<Value> elements(const Value& value, Budget& budget) {
  if (value.is_undefined()) return {};
  if (List* list = value.list()) {
    budget.charge(1 + list->items.size());
    return list->kind == List::Kind::generator ? std::exchange(list->items, {}) : list->items;
  }
  std::vector<Value> made;
  if (const Dict* dict = value.dict()) {
    budget.charge(1 + dict->size());
    for (const auto& [key, unused] : dict->entries()) made.push_back(key);
    return made;
  }
  const Text* text = value.text();
  if (!text) fail_render("a {} has no elements to go through", value.type_name());
  budget.charge(1 + text->size());
  const std::vector<size_t> starts = character_starts(text->bytes());
  for (size_t i = 0; i + 1 < starts.size(); ++i) made.emplace_back(text->slice(starts[i], starts[i + 1]));
  return made;
}

std::optional<Value> subscript(const Value& base, const Value& key, Budget& budget) {
  if (const Dict* dict = base.dict()) {
    const Value* found = dict->find(key);
    return found ? std::optional<Value>(*found) : std::nullopt;
  }
  if (base.list() && base.list()->is_sequence()) {
    const auto at = index(key, base.list()->items.size());
    return at ? std::optional<Value>(base.list()->items[*at]) : std::nullopt;
  }
  if (!base.text() || !key.whole()) return std::nullopt;
  budget.charge(1 + base.text()->size() / 32);
  const std::vector<size_t> starts = character_starts(base.text()->bytes());
  const auto at = index(key, starts.size() - 1);
  return at ? std::optional<Value>(base.text()->slice(starts[*at], starts[*at + 1])) : std::nullopt;
}

Value slice(const Value& base, const Value& start, const Value& stop, const Value& step, Budget& budget) {
  if (const Text* text = base.text()) {
    budget.charge_bytes(text->size());
    const std::vector<size_t> starts = character_starts(text->bytes());
    Text made;
    for (const size_t at : places(static_cast<int64_t>(starts.size()) - 1, start, stop, step))
      made.append(*text, starts[at], starts[at + 1]);
    made.set_markup(text->is_markup());
    return Value(std::move(made));
  }
  if (base.is_undefined()) fail_render("{}", base.undefined_what());
  if (!base.list() || !base.list()->is_sequence()) fail_render("a {} has no slices", base.type_name());
  const auto& items = base.list()->items;
  budget.charge(1 + items.size());
  std::vector<Value> made;
  for (const size_t at : places(static_cast<int64_t>(items.size()), start, stop, step)) made.push_back(items[at]);
  return make_list(std::move(made), base.list()->kind, budget);
}

}  // namespace flightdeck::jinja
