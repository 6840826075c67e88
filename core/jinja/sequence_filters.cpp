// Filters of lists, dicts and other sequences.
#include <algorithm>

#include "core/jinja/filters.h"
#include "core/jinja/machine.h"
#include "core/jinja/operators.h"
#include "core/jinja/print.h"
#include "core/jinja/text_case.h"
#include "core/jinja/text_tools.h"

namespace flightdeck::jinja {
namespace {

Value length(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "length");
  const Value& value = given.required("value");
  given.end();
  if (value.text()) machine.budget().charge(1 + value.text()->size() / 32);
  const auto count = length_of(value);
  if (!count) fail_render("a {} has no length", value.type_name());
  return Value(static_cast<int64_t>(*count));
}

Value list(Machine& machine, Arguments& arguments) {
  return make_list(elements(Parameters(arguments, "list").required("value"), machine.budget()), List::Kind::list,
                   machine.budget());
}

template <bool from_back>
Value end_of(Machine& machine, Arguments& arguments) {
  const Value& value = Parameters(arguments, "this filter").required("value");
  if (from_back && value.list() && value.list()->kind == List::Kind::generator)
    fail_render("a generator has no last item");
  const std::vector<Value> items = elements(value, machine.budget());
  if (items.empty()) return Value::undefined("there is no item, the sequence is empty");
  return from_back ? items.back() : items.front();
}

/// "a.b", a name or a number, as `attribute=` takes it.
Value looked_up(Machine& machine, Value value, const Value& path) {
  if (!path.text()) return machine.item(value, path);
  for (const auto& [begin, end] : separator_cuts(path.text()->bytes(), ".", -1, false)) {
    const std::string part = path.text()->bytes().substr(begin, end - begin);
    const bool number = all_of(part, is_digit) && part.size() < 10;
    value = machine.item(value, number ? Value(static_cast<int64_t>(std::stol(part))) : Value(part));
  }
  return value;
}

Value join(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "join");
  const std::vector<Value> items = elements(given.required("value"), machine.budget());
  const Value* between = given.next("d");
  const Value* attribute = given.next("attribute");
  given.end();
  const Text gap = between ? to_text(*between, machine.budget()) : Text();
  Text made;
  for (size_t i = 0; i < items.size(); ++i) {
    const bool whole = !attribute || attribute->is_none();
    const Text part = to_text(whole ? items[i] : looked_up(machine, items[i], *attribute), machine.budget());
    machine.budget().charge(1 + (gap.size() + part.size()) / 32);
    if (made.size() + gap.size() + part.size() > machine.budget().limits().output_bytes)
      machine.budget().charge_bytes(made.size() + gap.size() + part.size());
    if (i > 0) made.append(gap);
    made.append(part);
  }
  return Value(std::move(made));
}

Value items(Machine& machine, Arguments& arguments) {
  const Value& value = Parameters(arguments, "items").required("value");
  if (value.is_undefined()) return make_list({}, List::Kind::generator, machine.budget());
  if (!value.dict()) fail_render("items: a {} is no dict", value.type_name());
  std::vector<Value> made;
  for (const auto& [key, each] : value.dict()->entries())
    made.push_back(make_list({key, each}, List::Kind::tuple, machine.budget()));
  machine.budget().charge(1 + made.size());
  return make_list(std::move(made), List::Kind::generator, machine.budget());
}

/// Text compares without case unless asked.
Value sort_key(Machine& machine, const Value& value, bool case_sensitive) {
  return value.text() && !case_sensitive ? Value(with_case(*value.text(), Case::lower, machine.budget())) : value;
}

using Keyed = std::pair<Value, Value>;  // what is compared, what is kept

std::vector<Keyed> keyed(Machine& machine, std::vector<Value> values, const Value* attribute, bool case_sensitive) {
  std::vector<Keyed> made;
  for (Value& value : values) {
    const bool whole = !attribute || attribute->is_none();
    Value key = sort_key(machine, whole ? value : looked_up(machine, value, *attribute), case_sensitive);
    made.emplace_back(std::move(key), std::move(value));
  }
  return made;
}

std::vector<Value> sorted(Machine& machine, std::vector<Keyed> pairs, bool reverse) {
  std::stable_sort(pairs.begin(), pairs.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(b.first, a.first, machine.budget()) : less(a.first, b.first, machine.budget());
  });
  std::vector<Value> made;
  for (Keyed& pair : pairs) made.push_back(std::move(pair.second));
  return made;
}

/// "a,b" orders by a, then by b; an absent one equals an absent one.
Value sort_attributes(Machine& machine, const Value& value, const Value& attribute, bool case_sensitive) {
  if (!attribute.text()) return sort_key(machine, looked_up(machine, value, attribute), case_sensitive);
  std::vector<Value> keys;
  for (const auto& [begin, end] : separator_cuts(attribute.text()->bytes(), ",", -1, false)) {
    const Value path(std::string_view(attribute.text()->bytes()).substr(begin, end - begin));
    keys.push_back(sort_key(machine, looked_up(machine, value, path), case_sensitive));
  }
  return make_list(std::move(keys), List::Kind::list, machine.budget());
}

Value sort(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "sort");
  std::vector<Value> values = elements(given.required("value"), machine.budget());
  const bool reverse = given.truth("reverse", false), case_sensitive = given.truth("case_sensitive", false);
  const Value* attribute = given.next("attribute");
  given.end();
  std::vector<Keyed> pairs;
  for (Value& value : values) {
    const bool whole = !attribute || attribute->is_none();
    Value key =
        whole ? sort_key(machine, value, case_sensitive) : sort_attributes(machine, value, *attribute, case_sensitive);
    pairs.emplace_back(std::move(key), std::move(value));
  }
  return make_list(sorted(machine, std::move(pairs), reverse), List::Kind::list, machine.budget());
}

Value dictsort(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "dictsort");
  const Value& value = given.required("value");
  const bool case_sensitive = given.truth("case_sensitive", false);
  const Value* by = given.next("by");
  const bool reverse = given.truth("reverse", false);
  given.end();
  if (!value.dict()) fail_render("dictsort: {}", value.is_undefined() ? value.undefined_what() : "this is no dict");
  const bool by_value = by && by->text() && by->text()->bytes() == "value";
  std::vector<Keyed> pairs;
  for (const auto& [key, each] : value.dict()->entries())
    pairs.emplace_back(sort_key(machine, by_value ? each : key, case_sensitive),
                       make_list({key, each}, List::Kind::tuple, machine.budget()));
  return make_list(sorted(machine, std::move(pairs), reverse), List::Kind::list, machine.budget());
}

Value unique(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "unique");
  std::vector<Value> values = elements(given.required("value"), machine.budget());
  const bool case_sensitive = given.truth("case_sensitive", false);
  const Value* attribute = given.next("attribute");
  given.end();
  Dict seen;
  std::vector<Value> made;
  for (auto& [key, value] : keyed(machine, std::move(values), attribute, case_sensitive)) {
    if (!key_name(key)) fail_render("unique: a {} cannot be compared", key.type_name());
    if (seen.find(key)) continue;
    seen.set(key, Value(true));
    made.push_back(std::move(value));
  }
  return make_list(std::move(made), List::Kind::generator, machine.budget());
}

template <bool largest>
Value extreme(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, largest ? "max" : "min");
  std::vector<Value> values = elements(given.required("value"), machine.budget());
  const bool case_sensitive = given.truth("case_sensitive", false);
  const Value* attribute = given.next("attribute");
  given.end();
  if (values.empty()) return Value::undefined("there is no item, the sequence is empty");
  const auto pairs = keyed(machine, std::move(values), attribute, case_sensitive);
  const Keyed* best = &pairs.front();
  for (const Keyed& pair : pairs) {
    if (best == &pair) continue;
    const bool better =
        largest ? less(best->first, pair.first, machine.budget()) : less(pair.first, best->first, machine.budget());
    if (better) best = &pair;
  }
  return best->second;
}

Value sum(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "sum");
  const std::vector<Value> values = elements(given.required("value"), machine.budget());
  const Value* attribute = given.next("attribute");
  const Value* start = given.next("start");
  given.end();
  Value total = start ? *start : Value(int64_t{0});
  for (const Value& value : values) {
    const bool whole = !attribute || attribute->is_none();
    total = calculate(Arithmetic::add, total, whole ? value : looked_up(machine, value, *attribute), machine.budget());
  }
  return total;
}

Value reverse(Machine& machine, Arguments& arguments) {
  const Value& value = Parameters(arguments, "reverse").required("value");
  if (value.text()) return slice(value, nullptr, nullptr, Value(int64_t{-1}), machine.budget());
  std::vector<Value> made = elements(value, machine.budget());
  std::reverse(made.begin(), made.end());
  return make_list(std::move(made), List::Kind::generator, machine.budget());
}

/// map and select take none, 0 and false for an empty sequence.
std::vector<Value> elements_if_any(Machine& machine, const Value& value) {
  return value.truthy() ? elements(value, machine.budget()) : std::vector<Value>();
}

/// map(attribute="name", default=…) or map("filter", arguments…).
Value map(Machine& machine, Arguments& arguments) {
  Arguments rest = arguments;
  const std::vector<Value> values = elements_if_any(machine, arguments.positional.front());
  rest.positional.erase(rest.positional.begin());
  std::vector<Value> made;
  if (rest.positional.empty()) {
    Parameters given(rest, "map");
    const Value& attribute = given.required("attribute");
    const Value* fallback = given.next("default");
    given.end();
    for (const Value& value : values) {
      made.push_back(looked_up(machine, value, attribute));
      if (fallback && made.back().is_undefined()) made.back() = *fallback;
    }
  } else {
    if (!rest.positional.front().text()) fail_render("map: the filter's name must be text");
    const std::string name = rest.positional.front().text()->bytes();
    for (const Value& value : values) {
      machine.budget().charge();
      rest.positional.front() = value;
      made.push_back(machine.filter(name, rest));
    }
  }
  return make_list(std::move(made), List::Kind::generator, machine.budget());
}

/// select("test", arguments…), selectattr("attribute", "test", arguments…); without a test what is true.
template <bool wanted, bool by_attribute>
Value choose(Machine& machine, Arguments& arguments) {
  constexpr size_t before_test = by_attribute ? 2 : 1;
  if (arguments.positional.size() < before_test) fail_render("this filter needs the name of an attribute");
  const bool has_test = arguments.positional.size() > before_test;
  if (has_test && !arguments.positional[before_test].text()) fail_render("the test's name must be text");
  const std::string name = has_test ? arguments.positional[before_test].text()->bytes() : "";
  Arguments tested;
  tested.named = arguments.named;
  tested.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(before_test) - (has_test ? 0 : 1),
                           arguments.positional.end());
  std::vector<Value> made;
  for (const Value& value : elements_if_any(machine, arguments.positional.front())) {
    machine.budget().charge();
    const Value looked = by_attribute ? looked_up(machine, value, arguments.positional[1]) : value;
    tested.positional.front() = looked;
    if ((has_test ? machine.test(name, tested) : looked.truthy()) == wanted) made.push_back(value);
  }
  return make_list(std::move(made), List::Kind::generator, machine.budget());
}

}  // namespace

const Natives& sequence_filters() {
  static const Natives filters = {{"count", length},
                                  {"dictsort", dictsort},
                                  {"first", end_of<false>},
                                  {"items", items},
                                  {"join", join},
                                  {"last", end_of<true>},
                                  {"length", length},
                                  {"list", list},
                                  {"map", map},
                                  {"max", extreme<true>},
                                  {"min", extreme<false>},
                                  {"reject", choose<false, false>},
                                  {"rejectattr", choose<false, true>},
                                  {"reverse", reverse},
                                  {"select", choose<true, false>},
                                  {"selectattr", choose<true, true>},
                                  {"sort", sort},
                                  {"sum", sum},
                                  {"unique", unique}};
  return filters;
}

}  // namespace flightdeck::jinja
