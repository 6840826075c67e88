// `value is test`.
#include <cmath>

#include "core/jinja/filters.h"
#include "core/jinja/machine.h"
#include "core/jinja/operators.h"
#include "core/jinja/print.h"
#include "core/jinja/text_case.h"

namespace flightdeck::jinja {
namespace {

template <bool (*is)(const Value&)>
Value simple(Machine&, Arguments& arguments) {
  Parameters given(arguments, "this test");
  const Value& value = given.required("value");
  given.end();
  return Value(is(value));
}

bool is_defined(const Value& value) { return !value.is_undefined(); }
bool is_undefined(const Value& value) { return value.is_undefined(); }
bool is_none(const Value& value) { return value.is_none(); }
bool is_boolean(const Value& value) { return value.boolean() != nullptr; }
bool is_true(const Value& value) { return value.boolean() && *value.boolean(); }
bool is_false(const Value& value) { return value.boolean() && !*value.boolean(); }
bool is_string(const Value& value) { return value.text() != nullptr; }
bool is_number(const Value& value) { return value.number().has_value(); }
bool is_integer(const Value& value) { return value.integer() != nullptr; }
bool is_float(const Value& value) { return value.real() != nullptr; }
bool is_mapping(const Value& value) { return value.dict() != nullptr; }
bool is_callable(const Value& value) { return value.function() != nullptr; }
bool is_escaped(const Value& value) { return value.text() && value.text()->is_markup(); }
bool is_iterable(const Value& value) {
  return value.is_undefined() || value.text() || value.list() || value.dict() || value.loop();
}
/// What has a length and places, a dict too.
bool is_sequence(const Value& value) {
  return value.is_undefined() || value.text() || value.dict() || (value.list() && value.list()->is_sequence());
}

template <bool upper>
Value cased(Machine& machine, Arguments& arguments) {
  const Text text = to_text(Parameters(arguments, "this test").required("value"), machine.budget());
  return Value(all_cased(text.bytes(), upper));
}

template <int64_t rest>
Value parity(Machine& machine, Arguments& arguments) {
  const Value& value = Parameters(arguments, "this test").required("value");
  const Value left = calculate(Arithmetic::modulo, value, Value(int64_t{2}), machine.budget());
  return Value(left.number() == static_cast<double>(rest));
}

Value divisible_by(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "divisibleby");
  const Value &value = given.required("value"), &by = given.required("num");
  given.end();
  return Value(calculate(Arithmetic::modulo, value, by, machine.budget()).number() == 0.0);
}

template <Comparison op>
Value compared(Machine& machine, Arguments& arguments) {
  Parameters given(arguments, "this test");
  const Value &a = given.required("a"), &b = given.required("b");
  given.end();
  return Value(compare(op, a, b, machine.budget()));
}

Value same_as(Machine&, Arguments& arguments) {
  Parameters given(arguments, "sameas");
  const Value &a = given.required("value"), &b = given.required("other");
  given.end();
  return Value(a.same_as(b));
}

template <Native (*find)(std::string_view)>
Value known(Machine&, Arguments& arguments) {
  return Value(find(Parameters(arguments, "this test").text("value").bytes()) != nullptr);
}

}  // namespace

Native find_test(std::string_view name) {
  static const Natives tests = {
      {"defined", simple<is_defined>},
      {"undefined", simple<is_undefined>},
      {"none", simple<is_none>},
      {"boolean", simple<is_boolean>},
      {"true", simple<is_true>},
      {"false", simple<is_false>},
      {"string", simple<is_string>},
      {"number", simple<is_number>},
      {"integer", simple<is_integer>},
      {"float", simple<is_float>},
      {"mapping", simple<is_mapping>},
      {"iterable", simple<is_iterable>},
      {"sequence", simple<is_sequence>},
      {"callable", simple<is_callable>},
      {"escaped", simple<is_escaped>},
      {"upper", cased<true>},
      {"lower", cased<false>},
      {"even", parity<0>},
      {"odd", parity<1>},
      {"divisibleby", divisible_by},
      {"sameas", same_as},
      {"filter", known<find_filter>},
      {"test", known<find_test>},
      {"in", compared<Comparison::in>},
      {"eq", compared<Comparison::equal>},
      {"equalto", compared<Comparison::equal>},
      {"==", compared<Comparison::equal>},
      {"ne", compared<Comparison::unequal>},
      {"!=", compared<Comparison::unequal>},
      {"lt", compared<Comparison::less>},
      {"lessthan", compared<Comparison::less>},
      {"<", compared<Comparison::less>},
      {"le", compared<Comparison::less_equal>},
      {"<=", compared<Comparison::less_equal>},
      {"gt", compared<Comparison::greater>},
      {"greaterthan", compared<Comparison::greater>},
      {">", compared<Comparison::greater>},
      {"ge", compared<Comparison::greater_equal>},
      {">=", compared<Comparison::greater_equal>},
  };
  const auto found = tests.find(name);
  return found == tests.end() ? nullptr : found->second;
}

}  // namespace flightdeck::jinja
