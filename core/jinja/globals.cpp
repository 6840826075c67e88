// Functions every template has: range, dict, namespace, raise_exception, strftime_now.
#include <locale.h>

#include <map>

#include "core/base/quote.h"
#include "core/jinja/machine.h"
#include "core/jinja/operators.h"

namespace flightdeck::jinja {
namespace {

Value range(Machine& machine, Arguments& arguments) {
  const size_t count = arguments.positional.size();
  if (count < 1 || count > 3) fail_render("range() takes one to three numbers");
  Parameters given(arguments, "range()");
  int64_t start = given.integer("start"), stop = start, step = 1;
  if (count == 1) start = 0;
  if (count > 1) stop = given.integer("stop");
  if (count > 2) step = given.integer("step");
  given.end();
  if (step == 0) fail_render("range() cannot go on by 0");
  const int64_t limit = machine.budget().limits().range;
  const double length = (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
  if (length > static_cast<double>(limit)) fail_render("range() gives at most {} numbers", limit);
  std::vector<Value> numbers;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    numbers.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  machine.budget().charge(1 + numbers.size());
  return make_list(std::move(numbers), List::Kind::range, machine.budget());
}

/// dict(a=1), dict(other, a=1).
Dict dict_of(Arguments& arguments) {
  Dict made;
  if (arguments.positional.size() > 1) fail_render("dict() takes one dict and named values");
  if (!arguments.positional.empty()) {
    if (!arguments.positional.front().dict())
      fail_render("dict() takes a dict, not a {}", arguments.positional.front().type_name());
    made = *arguments.positional.front().dict();
  }
  for (auto& [name, value] : arguments.named) made.set(Value(name), std::move(value));
  return made;
}

Value dict(Machine& machine, Arguments& arguments) {
  Dict made = dict_of(arguments);
  machine.budget().charge(1 + made.size());
  return make_dict(std::move(made), machine.budget());
}

Value make_namespace(Machine& machine, Arguments& arguments) {
  const Dict values = dict_of(arguments);
  machine.budget().charge(1 + values.size());
  const auto made = std::make_shared<Namespace>();
  for (const auto& [name, value] : values.entries()) {
    if (value.depth() >= Value::opaque) fail_render("a namespace cannot hold a {}", value.type_name());
    if (!name.text()) fail_render("namespace() takes names");
    made->values.emplace_back(name.text()->bytes(), value);
  }
  return Value(made);
}

Value raise_exception(Machine&, Arguments& arguments) {
  const Text& message = Parameters(arguments, "raise_exception()").text("message");
  throw Failure{ErrorKind::invalid_input, quote(message.bytes(), 400)};
}

/// In English whatever the machine's language.
Value strftime_now(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "strftime_now()");
  const std::string format = given.text("format").bytes();
  given.end();
  if (format.empty()) return Value("");
  if (format.size() > 256) fail_render("strftime_now(): a format of {} bytes", format.size());
  static const locale_t english = newlocale(LC_ALL_MASK, "C", nullptr);
  char text[4096];
  const std::tm now = machine.now();
  const size_t size = strftime_l(text, sizeof text, format.c_str(), &now, english);
  return Value(std::string_view(text, size));
}

}  // namespace

Native find_global(std::string_view name) {
  static const std::map<std::string_view, Native> functions = {{"range", range},
                                                               {"dict", dict},
                                                               {"namespace", make_namespace},
                                                               {"raise_exception", raise_exception},
                                                               {"strftime_now", strftime_now}};
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

}  // namespace flightdeck::jinja
