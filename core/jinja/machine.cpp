// Statements.
#include "core/jinja/machine.h"

#include "core/base/quote.h"
#include "core/jinja/machine_guards.h"
#include "core/jinja/operators.h"
#include "core/jinja/print.h"

namespace flightdeck::jinja {
namespace {

class MacroFunction final : public Function {
 public:
  MacroFunction(std::shared_ptr<const MacroBody> macro, std::shared_ptr<Scope> scope)
      : macro_(std::move(macro)), scope_(std::move(scope)) {}
  Value call(Machine& machine, Arguments arguments) const override {
    return machine.call_macro(*macro_, scope_, std::move(arguments));
  }

 private:
  std::shared_ptr<const MacroBody> macro_;
  std::shared_ptr<Scope> scope_;
};

}  // namespace

Machine::~Machine() {
  for (const auto& scope : kept_) scope->names.clear();
}

Text Machine::render(const Body& body) {
  execute(body);
  return std::move(output_);
}

void Machine::write(const Text& text) {
  budget_.charge(1 + text.size() / 32);
  if (output_.size() + text.size() > budget_.limits().output_bytes) budget_.charge_bytes(output_.size() + text.size());
  output_.append(text);
}

Machine::Flow Machine::execute(const Body& body) {
  for (const Statement& statement : body)
    if (const Flow flow = execute(statement); flow != Flow::on) return flow;
  return Flow::on;
}

Machine::Flow Machine::execute(const Statement& statement) {
  const Deeper deeper(*this);
  budget_.charge();
  place_ = statement.at;
  return std::visit([this](const auto& node) { return execute(node); }, statement.node);
}

Machine::Flow Machine::execute(const Data& data) { return write(Text(data.text)), Flow::on; }

Machine::Flow Machine::execute(const Output& output) {
  return write(to_text(evaluate(output.value), budget_)), Flow::on;
}

Machine::Flow Machine::execute(const If& branches) {
  for (const auto& [condition, body] : branches.branches)
    if (evaluate(condition).truthy()) return execute(body);
  return execute(branches.otherwise);
}

/// Evaluated outside of the loop, the condition inside, once for each.
std::vector<Value> Machine::loop_values(const For& loop) {
  std::vector<Value> values = elements(evaluate(loop.values), budget_);
  if (!loop.condition) return values;
  std::vector<Value> kept;
  for (Value& value : values) {
    const Inner inner(*this);
    assign(loop.target, value);
    if (evaluate(*loop.condition).truthy()) kept.push_back(std::move(value));
  }
  return kept;
}

Machine::Flow Machine::execute(const For& loop) {
  const Level level(loop_depth_, Deeper::limit, "loops nest");
  const auto state = std::make_shared<LoopState>(LoopState{loop_values(loop), 0, loop_depth_, {}});
  const std::vector<Value>& values = state->values;
  const Value loop_value(state);
  Flow flow = Flow::on;
  bool completed = false;  // a round that reached its end; as in jinja2 only that keeps `else` away
  for (; state->at < values.size() && flow != Flow::leave_loop; ++state->at) {
    const Inner inner(*this);
    budget_.charge();
    define("loop", loop_value);
    assign(loop.target, values[state->at]);
    flow = execute(loop.body);
    completed |= flow == Flow::on;
  }
  return completed ? Flow::on : execute(loop.otherwise);
}

void Machine::assign(const Target& target, Value value) {
  if (target.is_tuple) {
    const std::vector<Value> parts = elements(value, budget_);
    if (parts.size() != target.parts.size()) fail_render("{} names for {} values", target.parts.size(), parts.size());
    for (size_t i = 0; i < parts.size(); ++i) assign(target.parts[i], parts[i]);
    return;
  }
  if (target.attribute.empty()) return define(target.name, std::move(value));
  const Value owner = evaluate(Name{target.name});
  if (!owner.name_space())
    fail_render("cannot assign to an attribute of {}: it is no namespace", quote(target.name, 40));
  if (value.depth() >= Value::opaque) fail_render("a namespace cannot hold a {}", value.type_name());
  auto& values = owner.name_space()->values;
  for (auto& [name, old] : values)
    if (name == target.attribute) return void(old = std::move(value));
  budget_.charge(values.size());
  values.emplace_back(target.attribute, std::move(value));
}

Machine::Flow Machine::execute(const Set& set) {
  Value value = evaluate(set.value);
  place_ = set.target.at;
  return assign(set.target, std::move(value)), Flow::on;
}

Value Machine::captured(const Body& body) {
  const Capture capture(output_);
  const Inner inner(*this);
  execute(body);
  return Value(std::move(output_));
}

Value Machine::filtered(const std::vector<PostfixStep>& filters, Value value) {
  for (const PostfixStep& filter : filters) value = step(filter, std::move(value));
  return value;
}

Machine::Flow Machine::execute(const BlockSet& set) {
  Value value = filtered(set.filters, captured(set.body));
  return assign(set.target, std::move(value)), Flow::on;
}

Machine::Flow Machine::execute(const FilterBlock& block) {
  return write(to_text(filtered(block.filters, captured(block.body)), budget_)), Flow::on;
}

Machine::Flow Machine::execute(const With& block) {
  std::vector<Value> values;
  for (const auto& [target, value] : block.values) values.push_back(evaluate(value));
  const Inner inner(*this);
  for (size_t i = 0; i < values.size(); ++i) assign(block.values[i].first, values[i]);
  return execute(block.body);
}

Value Machine::macro_value(const std::shared_ptr<const MacroBody>& macro) {
  if (kept_.empty() || kept_.back() != scope_) kept_.push_back(scope_);
  return Value(std::shared_ptr<const Function>(std::make_shared<MacroFunction>(macro, scope_)));
}

Machine::Flow Machine::execute(const Macro& macro) {
  return define(macro.macro->name, macro_value(macro.macro)), Flow::on;
}

Machine::Flow Machine::execute(const CallBlock& block) {
  Arguments caller;
  caller.named.emplace_back("caller", macro_value(block.caller));
  const Value value = steps(std::get<Postfix>(block.call.node), std::move(caller));
  return write(to_text(value, budget_)), Flow::on;
}

/// Parameters get their arguments in the innermost scope.
void Machine::bind(const MacroBody& macro, Arguments& given) {
  const size_t count = macro.parameters.size(), first_default = count - macro.defaults.size();
  const auto take_named = [&](std::string_view name) {
    for (auto named = given.named.begin(); named != given.named.end(); ++named) {
      if (named->first != name) continue;
      std::optional<Value> value = std::move(named->second);
      given.named.erase(named);
      return value;
    }
    return std::optional<Value>();
  };
  // A default sees the parameters, also those not yet bound, and not what lies behind their names.
  for (const std::string& name : macro.parameters) define(name, Value::undefined(quote(name, 40) + " is undefined"));
  for (size_t i = 0; i < count; ++i) {
    const std::string& name = macro.parameters[i];
    std::optional<Value> named = take_named(name);
    if (i < given.positional.size()) {
      if (named) fail_render("macro {} gets its argument {} twice", quote(macro.name, 40), quote(name, 40));
      define(name, given.positional[i]);
    } else if (named) {
      define(name, std::move(*named));
    } else if (i >= first_default) {
      define(name, evaluate(macro.defaults[i - first_default]));
    } else {
      define(name, Value::undefined(fmt::format("parameter {} was not provided", quote(name, 40))));
    }
  }
  if (macro.takes_caller) define("caller", take_named("caller").value_or(Value::undefined("No caller defined")));
  if (given.positional.size() > count && !macro.takes_rest)
    fail_render("macro {} takes at most {} arguments", quote(macro.name, 40), count);
  const size_t taken = std::min(count, given.positional.size());
  if (macro.takes_rest)
    define("varargs", make_list({given.positional.begin() + static_cast<std::ptrdiff_t>(taken), given.positional.end()},
                                List::Kind::tuple, budget_));
  if (!given.named.empty() && !macro.takes_named_rest)
    fail_render("macro {} takes no argument {}", quote(macro.name, 40), quote(given.named.front().first, 40));
  if (!macro.takes_named_rest) return;
  Dict rest;
  for (auto& [name, value] : given.named) rest.set(Value(name), std::move(value));
  define("kwargs", make_dict(std::move(rest), budget_));
}

Value Machine::call_macro(const MacroBody& macro, const std::shared_ptr<Scope>& scope, Arguments given) {
  const Level level(macro_depth_, budget_.limits().depth, "macros call each other");
  const Capture capture(output_);
  const Swap<std::shared_ptr<Scope>> swap(scope_, scope);
  const Inner inner(*this);
  bind(macro, given);
  execute(macro.body);
  return Value(std::move(output_));
}

}  // namespace flightdeck::jinja
