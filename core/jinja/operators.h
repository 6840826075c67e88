// Python's operators, iteration and subscripts on values.
#pragma once

#include "core/jinja/ast.h"
#include "core/jinja/budget.h"
#include "core/jinja/value.h"

namespace flightdeck::jinja {

Value calculate(Arithmetic op, const Value& a, const Value& b, Budget& budget);
Value negative(const Value& value);
bool compare(Comparison op, const Value& a, const Value& b, Budget& budget);
/// a < b; text, numbers and sequences of one kind have an order.
bool less(const Value& a, const Value& b, Budget& budget);
bool contains(const Value& container, const Value& item, Budget& budget);

/// The elements of a list, the characters of a text, the keys of a dict. A generator is empty afterwards.
std::vector<Value> elements(const Value& value, Budget& budget);
/// len(); none where Python has none.
std::optional<size_t> length_of(const Value& value);

/// base[key] for lists, texts and dicts; none when there is no such element.
std::optional<Value> subscript(const Value& base, const Value& key, Budget& budget);
Value slice(const Value& base, const Value& start, const Value& stop, const Value& step, Budget& budget);

/// Containers nested beyond the limit are refused, so that no later walk over them is too deep.
Value make_list(std::vector<Value> items, List::Kind kind, Budget& budget);
Value make_dict(Dict dict, Budget& budget);

/// & < > " ' as HTML spells them.
Text escaped_html(const Text& text, Budget& budget);

}  // namespace flightdeck::jinja
