// Expressions.
#include "core/base/quote.h"
#include "core/jinja/machine.h"
#include "core/jinja/machine_guards.h"
#include "core/jinja/operators.h"
#include "core/jinja/print.h"

namespace flightdeck::jinja {
namespace {

Value bound(Native native, const Value& self) {
  return Value(std::shared_ptr<const Function>(std::make_shared<NativeFunction>(native, self)));
}

Native method(const Value& value, std::string_view name) {
  if (value.text()) return find_text_method(name);
  if (value.list()) return find_list_method(name);
  return value.dict() ? find_dict_method(name) : nullptr;
}

std::string described(const Value& key) {
  if (key.text()) return quote(key.text()->bytes(), 40);
  return key.whole() ? fmt::format("{}", *key.whole()) : std::string(key.type_name());
}

Value loop_changed(Machine& machine, Arguments& arguments) {
  LoopState& loop = *arguments.positional.front().loop();
  std::vector<Value> now(arguments.positional.begin() + 1, arguments.positional.end());
  const bool same = equal(Value(List(now)), Value(List(loop.changed)), machine.budget()) && !loop.changed.empty();
  loop.changed = std::move(now);
  return Value(!same);
}

Value loop_cycle(Machine&, Arguments& arguments) {
  const size_t count = arguments.positional.size() - 1;
  if (count == 0) fail_render("loop.cycle() needs values");
  return arguments.positional[1 + arguments.positional.front().loop()->at % count];
}

Value loop_attribute(const Value& self, std::string_view name) {
  const LoopState& loop = *self.loop();
  const auto number = [](size_t value) { return Value(static_cast<int64_t>(value)); };
  const size_t count = loop.values.size();
  if (name == "index") return number(loop.at + 1);
  if (name == "index0") return number(loop.at);
  if (name == "first") return Value(loop.at == 0);
  if (name == "last") return Value(loop.at + 1 == count);
  if (name == "length") return number(count);
  if (name == "revindex") return number(count - loop.at);
  if (name == "revindex0") return number(count - loop.at - 1);
  if (name == "depth") return number(static_cast<size_t>(loop.depth));
  if (name == "depth0") return number(static_cast<size_t>(loop.depth) - 1);
  if (name == "previtem") return loop.at > 0 ? loop.values[loop.at - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem")
    return loop.at + 1 < count ? loop.values[loop.at + 1] : Value::undefined("there is no next item");
  if (name == "cycle") return bound(loop_cycle, self);
  if (name == "changed") return bound(loop_changed, self);
  return Value::undefined(fmt::format("'loop' has no attribute {}", quote(name, 40)));
}

}  // namespace

Value Machine::evaluate(const Expression& expression) {
  const Deeper deeper(*this);
  budget_.charge();
  place_ = expression.at;
  return std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
}

Value Machine::evaluate(const Name& name) {
  for (const Scope* scope = scope_.get(); scope; scope = scope->outer.get()) {
    const auto found = scope->names.find(name.name);
    if (found != scope->names.end()) return found->second;
  }
  if (const Native native = find_global(name.name))
    return Value(std::shared_ptr<const Function>(std::make_shared<NativeFunction>(native)));
  return Value::undefined(fmt::format("{} is undefined", quote(name.name, 60)));
}

Value Machine::evaluate(const Sequence& sequence) {
  std::vector<Value> items;
  for (const Expression& item : sequence.items) items.push_back(evaluate(item));
  return make_list(std::move(items), sequence.kind, budget_);
}

Value Machine::evaluate(const Mapping& mapping) {
  Dict dict;
  for (const auto& [key, value] : mapping.entries) {
    Value made = evaluate(key);
    if (!key_name(made)) fail_render("a {} cannot be a key", made.type_name());
    dict.set(std::move(made), evaluate(value));
  }
  return make_dict(std::move(dict), budget_);
}

Value Machine::evaluate(const Unary& unary) {
  const Value value = evaluate(*unary.operand);
  if (unary.op == Unary::Operator::logical_not) return Value(!value.truthy());
  if (unary.op == Unary::Operator::negative) return negative(value);
  return negative(negative(value));
}

Value Machine::evaluate(const Calculation& calculation) {
  Value value = evaluate(*calculation.first);
  for (const auto& [op, operand] : calculation.steps) {
    const Value right = evaluate(operand);
    place_ = operand.at;
    value = calculate(op, value, right, budget_);
  }
  return value;
}

Value Machine::evaluate(const Concatenation& concatenation) {
  Text text;
  for (const Expression& part : concatenation.parts) {
    const Text more = to_text(evaluate(part), budget_);
    budget_.charge_bytes(text.size() + more.size());
    text.append(more);
  }
  return Value(std::move(text));
}

Value Machine::evaluate(const ComparisonChain& chain) {
  Value left = evaluate(*chain.first);
  for (const auto& [op, operand] : chain.steps) {
    Value right = evaluate(operand);
    place_ = operand.at;
    if (!compare(op, left, right, budget_)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Machine::evaluate(const Logic& logic) {
  Value value;
  for (const Expression& operand : logic.operands) {
    value = evaluate(operand);
    if (value.truthy() != logic.is_and) break;
  }
  return value;
}

Value Machine::evaluate(const Conditional& conditional) {
  if (evaluate(*conditional.condition).truthy()) return evaluate(*conditional.yes);
  if (conditional.no) return evaluate(*conditional.no);
  return Value::undefined("the inline if was false and has no else");
}

Arguments Machine::arguments(const CallArguments& source, Arguments made) {
  for (const Expression& each : source.positional) made.positional.push_back(evaluate(each));
  std::vector<std::pair<std::string, Value>> named;
  for (const auto& [name, each] : source.named) named.emplace_back(name, evaluate(each));
  if (source.spread)
    for (Value& each : elements(evaluate(*source.spread), budget_)) made.positional.push_back(std::move(each));
  if (source.spread_named) {
    const Value rest = evaluate(*source.spread_named);
    if (!rest.dict()) fail_render("** needs a dict, not a {}", rest.type_name());
    for (const auto& [name, each] : rest.dict()->entries()) {
      if (!name.text()) fail_render("** needs a dict with texts for keys");
      named.emplace_back(name.text()->bytes(), each);
    }
  }
  for (auto& each : named) made.named.push_back(std::move(each));
  return made;
}

Value Machine::steps(const Postfix& postfix, Arguments more) {
  Value value = evaluate(*postfix.base);
  for (const PostfixStep& each : postfix.steps) {
    const bool last = &each == &postfix.steps.back();
    value = step(each, std::move(value), last ? std::move(more) : Arguments());
  }
  return value;
}

Value Machine::step(const PostfixStep& step, Value value, Arguments more) {
  budget_.charge();
  place_ = step.at;
  if (const auto* attribute_step = std::get_if<Attribute>(&step.what)) return attribute(value, attribute_step->name);
  if (const auto* item_step = std::get_if<Item>(&step.what)) {
    const Value key = evaluate(*item_step->key);
    place_ = step.at;
    return item(value, key);
  }
  if (const auto* cut = std::get_if<Slice>(&step.what)) {
    const Value start = optional(cut->start), stop = optional(cut->stop), by = optional(cut->step);
    place_ = step.at;
    return slice(value, start, stop, by, budget_);
  }
  if (const auto* called = std::get_if<Call>(&step.what)) {
    Arguments given = arguments(called->arguments, std::move(more));
    place_ = step.at;
    return call(value, std::move(given));
  }
  Arguments given;
  given.positional.push_back(std::move(value));
  if (const auto* filter_step = std::get_if<Filter>(&step.what)) {
    given = arguments(filter_step->arguments, std::move(given));
    place_ = step.at;
    return filter(filter_step->name, std::move(given));
  }
  const Test& test_step = std::get<Test>(step.what);
  given = arguments(test_step.arguments, std::move(given));
  place_ = step.at;
  return Value(test(test_step.name, std::move(given)) != test_step.negated);
}

Value Machine::call(const Value& callee, Arguments given) {
  if (callee.is_undefined()) fail_render("{}", callee.undefined_what());
  if (!callee.function()) fail_render("a {} cannot be called", callee.type_name());
  return callee.function()->call(*this, std::move(given));
}

Value Machine::filter(std::string_view name, Arguments given) {
  const Native native = find_filter(name);
  if (!native) fail_render("there is no filter {}", quote(name, 40));
  return native(*this, given);
}

bool Machine::test(std::string_view name, Arguments given) {
  const Native native = find_test(name);
  if (!native) fail_render("there is no test {}", quote(name, 40));
  return native(*this, given).truthy();
}

Value Machine::attribute(const Value& value, std::string_view name) {
  if (value.is_undefined()) fail_render("{}", value.undefined_what());
  if (value.loop()) return loop_attribute(value, name);
  if (const Namespace* owner = value.name_space()) {
    for (const auto& [key, held] : owner->values)
      if (key == name) return held;
  }
  if (const Native native = method(value, name)) return bound(native, value);
  const Value* found = value.dict() ? value.dict()->find_name(name) : nullptr;
  if (found) return *found;
  return Value::undefined(fmt::format("a {} has no attribute {}", value.type_name(), quote(name, 40)));
}

Value Machine::item(const Value& value, const Value& key) {
  if (value.is_undefined()) fail_render("{}", value.undefined_what());
  if (auto found = subscript(value, key, budget_)) return std::move(*found);
  const bool by_name = key.text() && !value.dict();
  if (by_name || (key.text() && find_dict_method(key.text()->bytes()))) return attribute(value, key.text()->bytes());
  return Value::undefined(fmt::format("a {} has no element {}", value.type_name(), described(key)));
}

}  // namespace flightdeck::jinja
