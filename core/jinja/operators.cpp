#include "core/jinja/operators.h"

#include <cmath>

#include "core/base/quote.h"
#include "core/jinja/print.h"

namespace flightdeck::jinja {
namespace {

const char* symbol_of(Arithmetic op) {
  static constexpr const char* symbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  return symbols[static_cast<size_t>(op)];
}

[[noreturn]] void fail_overflow() { fail_render("a whole number beyond 64 bits"); }

int64_t floor_divided(int64_t a, int64_t b) {
  if (b == -1) return __builtin_sub_overflow(int64_t{0}, a, &a) ? fail_overflow(), 0 : a;
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

int64_t whole_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  for (int64_t i = 0; i < exponent; ++i)
    if (__builtin_mul_overflow(result, base, &result)) fail_overflow();
  return result;
}

Value calculate_whole(Arithmetic op, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Arithmetic::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Arithmetic::subtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Arithmetic::multiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Arithmetic::divide:
      return Value(static_cast<double>(a) / static_cast<double>(b));
    case Arithmetic::floor_divide:
      return Value(floor_divided(a, b));
    case Arithmetic::modulo:
      result = b == -1 ? 0 : a % b;
      if (result != 0 && (result < 0) != (b < 0)) result += b;
      return Value(result);
    case Arithmetic::power:
      if (b < 0) return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
      return Value(whole_power(a, b));
  }
  if (overflow) fail_overflow();
  return Value(result);
}

double modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value calculate_real(Arithmetic op, double a, double b) {
  switch (op) {
    case Arithmetic::add:
      return Value(a + b);
    case Arithmetic::subtract:
      return Value(a - b);
    case Arithmetic::multiply:
      return Value(a * b);
    case Arithmetic::divide:
      return Value(a / b);
    case Arithmetic::floor_divide:
      return Value(std::floor((a - modulo(a, b)) / b + 0.5));
    case Arithmetic::modulo:
      return Value(modulo(a, b));
    default:
      return Value(std::pow(a, b));
  }
}

Value repeated(const Value& value, int64_t count, Budget& budget) {
  const auto times = static_cast<size_t>(std::max<int64_t>(count, 0));
  if (const Text* text = value.text()) {
    const bool huge = text->size() > 0 && times > budget.limits().output_bytes / text->size() + 1;
    budget.charge_bytes(huge ? budget.limits().output_bytes + 1 : text->size() * times);
    Text made;
    made.reserve(text->size() * times);
    for (size_t i = 0; i < times && !text->empty(); ++i) made.append(*text);
    return Value(std::move(made));
  }
  const List& list = *value.list();
  std::vector<Value> items;
  for (size_t i = 0; i < times && !list.items.empty(); ++i) {
    budget.charge(list.items.size());
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return make_list(std::move(items), list.kind, budget);
}

bool repeats(const Value& value) {
  return value.text() || (value.list() && value.list()->is_sequence() && value.list()->kind != List::Kind::range);
}

/// Markup (what |safe gives) escapes the text it meets.
Value joined(const Text& a, const Text& b, Budget& budget) {
  budget.charge_bytes(a.size() + b.size());
  const bool markup = a.is_markup() || b.is_markup();
  Text made = markup && !a.is_markup() ? escaped_html(a, budget) : a;
  made.append(markup && !b.is_markup() ? escaped_html(b, budget) : b);
  made.set_markup(markup);
  return Value(std::move(made));
}

Value added_lists(const List& a, const List& b, Budget& budget) {
  budget.charge(a.items.size() + b.items.size());
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return make_list(std::move(items), a.kind, budget);
}

/// %s, %d and %r of "text" % values.
Value formatted(const Text& format, const Value& values, Budget& budget) {
  const List* several = values.list() && values.list()->kind == List::Kind::tuple ? values.list() : nullptr;
  const size_t count = several ? several->items.size() : 1;
  const std::string& bytes = format.bytes();
  Text made;
  size_t next = 0;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '%') {
      made.append(format, at, at + 1);
      continue;
    }
    const char letter = ++at < bytes.size() ? bytes[at] : '\0';
    if (letter == '%') {
      made.append("%", Origin::model);
      continue;
    }
    if (letter != 's' && letter != 'd' && letter != 'i' && letter != 'r')
      fail_render("{} in a format is not supported: %s, %d, %r and %% are", quote(bytes.substr(at - 1, 2)));
    if (next >= count) fail_render("not enough values for the format");
    const Value& value = several ? several->items[next++] : (++next, values);
    if ((letter == 'd' || letter == 'i') && !value.number())
      fail_render("%d needs a number, not {}", value.type_name());
    const bool truncates = letter != 's' && letter != 'r' && value.real();
    made.append(letter == 'r'                      ? to_repr(value, budget)
                : truncates                        ? Text(fmt::format("{:.0f}", std::trunc(*value.real())))
                : value.boolean() && letter != 's' ? Text(*value.boolean() ? "1" : "0")
                                                   : to_text(value, budget));
    budget.charge_bytes(made.size());
  }
  const bool may_remain = values.dict() || (values.list() && values.list()->is_sequence());  // as in Python
  if (next < count && (several || !may_remain)) fail_render("the format leaves some values over");
  return Value(std::move(made));
}

void refuse_undefined(const Value& value) {
  if (value.is_undefined()) fail_render("{}", value.undefined_what());
}

}  // namespace

Value make_list(std::vector<Value> items, List::Kind kind, Budget& budget) {
  List list(std::move(items), kind);
  if (list.depth % Value::opaque > budget.limits().depth)
    fail_render("lists nested deeper than {} levels", budget.limits().depth);
  return Value(std::move(list));
}

Value make_dict(Dict dict, Budget& budget) {
  if (dict.depth() % Value::opaque > budget.limits().depth)
    fail_render("dicts nested deeper than {} levels", budget.limits().depth);
  return Value(std::move(dict));
}

Text escaped_html(const Text& text, Budget& budget) {
  budget.charge_bytes(text.size());
  Text made;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text.bytes()[at];
    const char* entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&#34;" : "&#39;";
    if (std::string_view("&<>\"'").find(c) == std::string_view::npos) {
      made.append(text, at, at + 1);
    } else {
      made.append(entity, text.origin_at(at));
    }
  }
  made.set_markup(true);
  return made;
}

Value calculate(Arithmetic op, const Value& a, const Value& b, Budget& budget) {
  refuse_undefined(a), refuse_undefined(b);
  if (a.number() && b.number()) {
    const bool divides = op == Arithmetic::divide || op == Arithmetic::floor_divide || op == Arithmetic::modulo;
    const bool by_zero = *b.number() == 0 && (divides || (op == Arithmetic::power && *a.number() == 0 && false));
    if (by_zero) fail_render("division by zero");
    if (a.whole() && b.whole()) return calculate_whole(op, *a.whole(), *b.whole());
    return calculate_real(op, *a.number(), *b.number());
  }
  if (op == Arithmetic::add && a.text() && b.text()) return joined(*a.text(), *b.text(), budget);
  if (op == Arithmetic::add && a.list() && b.list() && a.list()->kind == b.list()->kind && repeats(a))
    return added_lists(*a.list(), *b.list(), budget);
  if (op == Arithmetic::multiply && repeats(a) && b.whole()) return repeated(a, *b.whole(), budget);
  if (op == Arithmetic::multiply && a.whole() && repeats(b)) return repeated(b, *a.whole(), budget);
  if (op == Arithmetic::modulo && a.text()) return formatted(*a.text(), b, budget);
  fail_render("'{}' does not work between {} and {}", symbol_of(op), a.type_name(), b.type_name());
}

Value negative(const Value& value) {
  refuse_undefined(value);
  if (value.whole()) return calculate_whole(Arithmetic::subtract, 0, *value.whole());
  if (value.real()) return Value(-*value.real());
  fail_render("'-' does not work before a {}", value.type_name());
}

bool less(const Value& a, const Value& b, Budget& budget) {
  budget.charge();
  refuse_undefined(a), refuse_undefined(b);
  if (a.whole() && b.whole()) return *a.whole() < *b.whole();
  if (a.number() && b.number()) return *a.number() < *b.number();
  if (a.text() && b.text()) return a.text()->bytes() < b.text()->bytes();  // UTF-8 sorts as its characters do
  if (a.list() && b.list() && a.list()->kind == b.list()->kind && repeats(a)) {
    const auto &left = a.list()->items, &right = b.list()->items;
    for (size_t i = 0; i < left.size() && i < right.size(); ++i)
      if (!equal(left[i], right[i], budget)) return less(left[i], right[i], budget);
    return left.size() < right.size();
  }
  fail_render("{} and {} have no order", a.type_name(), b.type_name());
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  if (const Text* text = container.text()) {
    refuse_undefined(item);
    if (!item.text()) fail_render("'in' a text looks for text, not for {}", item.type_name());
    budget.charge(1 + text->size() / 32);
    return text->bytes().find(item.text()->bytes()) != std::string::npos;
  }
  if (container.dict()) {
    if (!key_name(item)) fail_render("a {} cannot be a key", item.type_name());
    return container.dict()->find(item) != nullptr;
  }
  for (const Value& each : elements(container, budget))
    if (equal(each, item, budget)) return true;
  return false;
}

bool compare(Comparison op, const Value& a, const Value& b, Budget& budget) {
  switch (op) {
    case Comparison::equal:
      return equal(a, b, budget);
    case Comparison::unequal:
      return !equal(a, b, budget);
    case Comparison::less:
      return less(a, b, budget);
    case Comparison::greater:
      return less(b, a, budget);
    case Comparison::less_equal:
      return less(a, b, budget) || equal(a, b, budget);
    case Comparison::greater_equal:
      return less(b, a, budget) || equal(a, b, budget);
    case Comparison::in:
      return contains(b, a, budget);
    case Comparison::not_in:
      return !contains(b, a, budget);
  }
  return false;
}

}  // namespace flightdeck::jinja
