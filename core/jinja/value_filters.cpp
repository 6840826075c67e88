// Filters of one text, number or value.
#include <charconv>
#include <cmath>

#include "core/jinja/filters.h"
#include "core/jinja/machine.h"
#include "core/jinja/operators.h"
#include "core/jinja/print.h"
#include "core/jinja/text_case.h"
#include "core/jinja/text_tools.h"

namespace flightdeck::jinja {
namespace {

/// The filtered value as text, whatever it is.
Text taken_text(Machine& machine, const Value& value) {
  return value.text() ? *value.text() : to_text(value, machine.budget());
}

Value string(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "string");
  const Value& value = given.required("value");
  given.end();
  return Value(taken_text(machine, value));
}

template <Case wanted>
Value change_case(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "this filter");
  const Text text = taken_text(machine, given.required("value"));
  given.end();
  return Value(with_case(text, wanted, machine.budget()));
}

Value trim(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "trim");
  const Text text = taken_text(machine, given.required("value"));
  const Value* characters = given.next("chars");
  given.end();
  return Value(stripped(text, characters, true, true, machine.budget()));
}

Value replace(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "replace");
  const Text text = taken_text(machine, given.required("value"));
  const Text old = taken_text(machine, given.required("old")), fresh = taken_text(machine, given.required("new"));
  const Value* most = given.next("count");
  given.end();
  if (most && !most->is_none() && !most->whole()) fail_render("replace: 'count' must be a whole number");
  const int64_t count = most && most->whole() ? *most->whole() : -1;
  return Value(replaced(text, old.bytes(), fresh, count, machine.budget()));
}

Value indent(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "indent");
  Text text = given.text("value");
  const Value* width = given.next("width");
  const bool first = given.truth("first", false), blank = given.truth("blank", false);
  given.end();
  if (width && !width->text() && !width->whole()) fail_render("indent: 'width' must be a number or text");
  const int64_t count = width && width->whole() ? *width->whole() : 4;
  if (count > 4096) fail_render("indent by {}", count);
  const Text margin = width && width->text() ? *width->text()
                                             : Text(std::string(static_cast<size_t>(std::max<int64_t>(count, 0)), ' '));
  const Cuts lines = line_cuts(text.bytes() + "\n", false);
  Text made;
  for (size_t i = 0; i < lines.size(); ++i) {
    machine.budget().charge_bytes(made.size());
    if (i > 0) made.append("\n", Origin::model);
    const bool moves = i == 0 ? first : blank || lines[i].begin < lines[i].end;
    if (moves) made.append(margin);
    made.append(text, lines[i].begin, lines[i].end);
  }
  return Value(std::move(made));
}

Value safe(Machine& machine, Arguments& arguments) {
  Text text = taken_text(machine, Parameters(arguments, "safe").required("value"));
  text.set_markup(true);
  return Value(std::move(text));
}

Value escape(Machine& machine, Arguments& arguments) {
  const Text text = taken_text(machine, Parameters(arguments, "escape").required("value"));
  return Value(text.is_markup() ? text : escaped_html(text, machine.budget()));
}

Value tojson(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "tojson");  // in the order of transformers' own
  const Value& value = given.required("value");
  JsonStyle style;
  style.ensure_ascii = given.truth("ensure_ascii", false);
  const Value* margin = given.next("indent");
  const Value* separators = given.next("separators");
  style.sort_keys = given.truth("sort_keys", false);
  given.end();
  if (margin && margin->text()) style.indent = margin->text()->bytes();
  if (margin && margin->whole()) {
    if (*margin->whole() > 1000) fail_render("tojson: indent by {}", *margin->whole());
    style.indent = std::string(static_cast<size_t>(std::max<int64_t>(*margin->whole(), 0)), ' ');
  }
  if (separators && !separators->is_none()) {
    const std::vector<Value> pair = elements(*separators, machine.budget());
    if (pair.size() != 2 || !pair[0].text() || !pair[1].text()) fail_render("tojson: 'separators' are two texts");
    style.item_separator = pair[0].text()->bytes();
    style.key_separator = pair[1].text()->bytes();
  }
  return Value(to_json(value, style, machine.budget()));
}

Value default_value(Machine&, Arguments& arguments) {
  Parameters given(arguments, "default");
  const Value& value = given.required("value");
  const Value* fallback = given.next("default_value");
  const bool for_false = given.truth("boolean", false);
  given.end();
  const bool missing = value.is_undefined() || (for_false && !value.truthy());
  return !missing ? value : fallback ? *fallback : Value("");
}

/// Python's float(text): blanks around and _ between digits are allowed; all of it must be a number.
std::optional<double> parsed_real(std::string_view text) {
  const auto [begin, end] = strip_span(text, "", true, true);
  std::string digits(text.substr(begin, end - begin));
  if (digits.find("__") != digits.npos || digits.starts_with('_') || digits.ends_with('_')) return std::nullopt;
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  double value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && rest == digits.data() + digits.size() ? std::optional<double>(value) : std::nullopt;
}

std::optional<int64_t> parsed_whole(std::string_view text, int base) {
  const auto [begin, end] = strip_span(text, "", true, true);
  std::string digits(text.substr(begin, end - begin));
  if (digits.find("__") != digits.npos || digits.starts_with('_') || digits.ends_with('_')) return std::nullopt;
  std::erase(digits, '_');
  if (digits.starts_with('+')) digits.erase(0, 1);
  const size_t sign = digits.starts_with('-') ? 1 : 0;
  const std::string prefix = digits.substr(sign, 2);
  if ((base == 16 && (prefix == "0x" || prefix == "0X")) || (base == 8 && prefix == "0o") ||
      (base == 2 && prefix == "0b"))
    digits.erase(sign, 2);
  int64_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc() && rest == digits.data() + digits.size() ? std::optional<int64_t>(value) : std::nullopt;
}

std::optional<int64_t> cut(double value) {
  if (!(std::abs(value) < 9.2e18)) return std::nullopt;
  return static_cast<int64_t>(value);
}

Value to_integer(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "int");
  const Value& value = given.required("value");
  const Value* fallback = given.next("default");
  const int64_t base = given.integer("base", 10);
  given.end();
  if (value.is_undefined()) fail_render("int: {}", value.undefined_what());
  if (base < 2 || base > 36) fail_render("int: base {}", base);
  machine.budget().charge();
  std::optional<int64_t> made = value.whole();
  if (value.real()) made = cut(*value.real());
  if (value.text()) {
    made = parsed_whole(value.text()->bytes(), static_cast<int>(base));
    const auto real = made ? std::nullopt : parsed_real(value.text()->bytes());
    if (real) made = cut(*real);
  }
  return made ? Value(*made) : fallback ? *fallback : Value(int64_t{0});
}

Value to_real(Machine&, Arguments& arguments) {
  Parameters given(arguments, "float");
  const Value& value = given.required("value");
  const Value* fallback = given.next("default");
  given.end();
  if (value.is_undefined()) fail_render("float: {}", value.undefined_what());
  const auto made = value.text() ? parsed_real(value.text()->bytes()) : value.number();
  return made ? Value(*made) : fallback ? *fallback : Value(0.0);
}

Value absolute(Machine&, Arguments& arguments) {
  const Value& value = Parameters(arguments, "abs").required("value");
  if (!value.number()) fail_render("abs: a {} is no number", value.type_name());
  return *value.number() < 0 ? negative(value) : value.whole() ? Value(*value.whole()) : value;
}

Value round(Machine&, Arguments& arguments) {
  Parameters given(arguments, "round");
  const Value& value = given.required("value");
  const int64_t digits = given.integer("precision", 0);
  const Value* method = given.next("method");
  given.end();
  const std::string how = method && method->text() ? method->text()->bytes() : "common";
  if (!value.number()) fail_render("round: a {} is no number", value.type_name());
  if (how != "common" && how != "ceil" && how != "floor") fail_render("round: method must be common, ceil or floor");
  if (digits < -300 || digits > 300) fail_render("round to {} digits", digits);
  const double number = *value.number(), scale = std::pow(10.0, static_cast<double>(digits));
  if (how == "ceil") return Value(std::ceil(number * scale) / scale);
  if (how == "floor") return Value(std::floor(number * scale) / scale);
  if (value.whole() && digits >= 0) return Value(*value.whole());
  if (digits < 0) return Value(std::nearbyint(number * scale) / scale);
  return Value(std::strtod(fmt::format("{:.{}f}", number, digits).c_str(), nullptr));  // exact, half to even
}

Value format(Machine& machine, Arguments& arguments) {
  std::vector<Value> values(arguments.positional.begin() + 1, arguments.positional.end());
  const Value tuple = make_list(std::move(values), List::Kind::tuple, machine.budget());
  const Value text(taken_text(machine, arguments.positional.front()));
  return calculate(Arithmetic::modulo, text, tuple, machine.budget());
}

}  // namespace

const Natives& value_filters() {
  static const Natives filters = {{"abs", absolute},
                                  {"capitalize", change_case<Case::capitalized>},
                                  {"d", default_value},
                                  {"default", default_value},
                                  {"e", escape},
                                  {"escape", escape},
                                  {"float", to_real},
                                  {"format", format},
                                  {"indent", indent},
                                  {"int", to_integer},
                                  {"lower", change_case<Case::lower>},
                                  {"replace", replace},
                                  {"round", round},
                                  {"safe", safe},
                                  {"string", string},
                                  {"title", change_case<Case::words>},
                                  {"tojson", tojson},
                                  {"trim", trim},
                                  {"upper", change_case<Case::upper>}};
  return filters;
}

Native find_filter(std::string_view name) {
  for (const Natives* filters : {&value_filters(), &sequence_filters()})
    if (const auto found = filters->find(name); found != filters->end()) return found->second;
  return nullptr;
}

}  // namespace flightdeck::jinja
