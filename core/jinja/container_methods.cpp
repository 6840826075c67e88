// Methods of lists and dicts, without those that would change them.
#include <map>

#include "core/base/quote.h"
#include "core/jinja/machine.h"
#include "core/jinja/operators.h"

namespace flightdeck::jinja {
namespace {

const Dict& self_dict(Parameters& given) { return *given.required("self").dict(); }

Value get(Machine&, Arguments& arguments) {
  Parameters given(arguments, "get()");
  const Dict& dict = self_dict(given);
  const Value& key = given.required("key");
  const Value* fallback = given.next("default");
  given.end();
  if (!key_name(key)) fail_render("a {} cannot be a key", key.type_name());
  const Value* found = dict.find(key);
  return found ? *found : fallback ? *fallback : Value(nullptr);
}

template <List::Kind kind>
Value view(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "a dict's method");
  const Dict& dict = self_dict(given);
  given.end();
  machine.budget().charge(1 + dict.size());
  std::vector<Value> made;
  for (const auto& [key, value] : dict.entries()) {
    if (kind == List::Kind::items) {
      made.push_back(make_list({key, value}, List::Kind::tuple, machine.budget()));
    } else {
      made.push_back(kind == List::Kind::keys ? key : value);
    }
  }
  return make_list(std::move(made), kind, machine.budget());
}

Value copy(Machine&, Arguments& arguments) { return Parameters(arguments, "copy()").required("self"); }

Value index(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "index()");
  const List& list = *given.required("self").list();
  const Value& wanted = given.required("value");
  given.end();
  for (size_t i = 0; i < list.items.size(); ++i)
    if (equal(list.items[i], wanted, machine.budget())) return Value(static_cast<int64_t>(i));
  fail_render("index(): the value is not in the list");
}

Value count(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "count()");
  const List& list = *given.required("self").list();
  const Value& wanted = given.required("value");
  given.end();
  int64_t found = 0;
  for (const Value& item : list.items) found += equal(item, wanted, machine.budget()) ? 1 : 0;
  return Value(found);
}

Value refuse_change(Machine&, Arguments& arguments) {
  fail_render("a template cannot change a {}: make a new one with {{% set %}}",
              arguments.positional.front().type_name());
}

using Methods = std::map<std::string_view, Native>;

Native look_up(const Methods& methods, std::string_view name) {
  const auto found = methods.find(name);
  return found == methods.end() ? nullptr : found->second;
}

}  // namespace

Native find_dict_method(std::string_view name) {
  static const Methods methods = {{"get", get},
                                  {"items", view<List::Kind::items>},
                                  {"keys", view<List::Kind::keys>},
                                  {"values", view<List::Kind::values>},
                                  {"copy", copy},
                                  {"pop", refuse_change},
                                  {"popitem", refuse_change},
                                  {"update", refuse_change},
                                  {"setdefault", refuse_change},
                                  {"clear", refuse_change}};
  return look_up(methods, name);
}

Native find_list_method(std::string_view name) {
  static const Methods methods = {{"index", index},          {"count", count},          {"copy", copy},
                                  {"append", refuse_change}, {"pop", refuse_change},    {"insert", refuse_change},
                                  {"extend", refuse_change}, {"remove", refuse_change}, {"reverse", refuse_change},
                                  {"sort", refuse_change},   {"clear", refuse_change}};
  return look_up(methods, name);
}

}  // namespace flightdeck::jinja
