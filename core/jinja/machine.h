// One rendering under way: names, budget and output. One thread; used once.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/ast.h"
#include "core/jinja/budget.h"
#include "core/jinja/function.h"

namespace flightdeck::jinja {

/// Names of one block; a macro keeps the scope it was written in.
struct Scope {
  std::map<std::string, Value, std::less<>> names;
  std::shared_ptr<Scope> outer;
};

/// What `loop` is inside of {% for %}.
struct LoopState {
  std::vector<Value> values;
  size_t at = 0;
  int depth = 1;
  std::vector<Value> changed;  // what loop.changed() saw last
};

class Machine {
 public:
  Machine(const Limits& limits, const std::tm& now) : now_(now), budget_(limits), scope_(std::make_shared<Scope>()) {}
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void define(std::string name, Value value) { scope_->names[std::move(name)] = std::move(value); }
  Text render(const Body& body);
  /// Where the last failure happened.
  const Position& place() const { return place_; }

  // For filters, tests and functions.
  Budget& budget() { return budget_; }
  const std::tm& now() const { return now_; }
  Value call(const Value& callee, Arguments arguments);
  Value filter(std::string_view name, Arguments arguments);
  bool test(std::string_view name, Arguments arguments);
  /// value.name: methods come before a dict's keys. value[key] the other way round.
  Value attribute(const Value& value, std::string_view name);
  Value item(const Value& value, const Value& key);
  Value call_macro(const MacroBody& macro, const std::shared_ptr<Scope>& scope, Arguments arguments);

 private:
  enum class Flow : uint8_t { on, leave_loop, next_round };
  class Deeper;
  class Inner;

  Value evaluate(const Expression& expression);
  Value evaluate(const Literal& literal) { return literal.value; }
  Value evaluate(const Name& name);
  Value evaluate(const Sequence& sequence);
  Value evaluate(const Mapping& mapping);
  Value evaluate(const Unary& unary);
  Value evaluate(const Calculation& calculation);
  Value evaluate(const Concatenation& concatenation);
  Value evaluate(const ComparisonChain& chain);
  Value evaluate(const Logic& logic);
  Value evaluate(const Conditional& conditional);
  Value evaluate(const Postfix& postfix) { return steps(postfix, {}); }
  /// `more` goes to the last step, which is then a call: {% call %}.
  Value steps(const Postfix& postfix, Arguments more);
  Value step(const PostfixStep& step, Value value, Arguments more = {});
  Arguments arguments(const CallArguments& source, Arguments made);
  Value optional(const Box& expression) { return expression ? evaluate(*expression) : Value(nullptr); }

  Flow execute(const Body& body);
  Flow execute(const Statement& statement);
  Flow execute(const Data& data);
  Flow execute(const Output& output);
  Flow execute(const If& branches);
  Flow execute(const For& loop);
  Flow execute(const Set& set);
  Flow execute(const BlockSet& set);
  Flow execute(const Macro& macro);
  Flow execute(const CallBlock& block);
  Flow execute(const FilterBlock& block);
  Flow execute(const With& block);
  Flow execute(const Break&) { return Flow::leave_loop; }
  Flow execute(const Continue&) { return Flow::next_round; }

  std::vector<Value> loop_values(const For& loop);
  Value macro_value(const std::shared_ptr<const MacroBody>& macro);
  void bind(const MacroBody& macro, Arguments& given);
  void assign(const Target& target, Value value);
  Value captured(const Body& body);
  Value filtered(const std::vector<PostfixStep>& filters, Value value);
  void write(const Text& text);

  std::tm now_;
  Budget budget_;
  Position place_;
  std::shared_ptr<Scope> scope_;
  std::vector<std::shared_ptr<Scope>> kept_;  // by macros: emptied at the end, as scope and macro hold each other
  Text output_;
  int depth_ = 0, macro_depth_ = 0, loop_depth_ = 0;
};

}  // namespace flightdeck::jinja
