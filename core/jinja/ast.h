// The parsed template. Const after parsing, thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/jinja/value.h"

namespace flightdeck::jinja {

struct Position {
  int line = 1, column = 1;
};

struct Expression;
using Box = std::unique_ptr<Expression>;

struct CallArguments {
  struct Named;
  std::vector<Expression> positional;
  std::vector<Named> named;
  Box spread, spread_named;  // *list and **dict
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
struct Sequence {
  std::vector<Expression> items;
  List::Kind kind = List::Kind::list;
};
struct Mapping {
  struct Entry;
  std::vector<Entry> entries;
};
struct Unary {
  enum class Operator : uint8_t { negative, positive, logical_not } op;
  Box operand;
};
enum class Arithmetic : uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
/// a + b - c, from the left: a loop, so that long sums need no deep stack.
struct Calculation {
  struct Step;
  Box first;
  std::vector<Step> steps;
};
struct Concatenation {
  std::vector<Expression> parts;
};
enum class Comparison : uint8_t { equal, unequal, less, less_equal, greater, greater_equal, in, not_in };
/// a < b < c: as in Python, each neighbour pair.
struct ComparisonChain {
  struct Step;
  Box first;
  std::vector<Step> steps;
};
struct Logic {
  bool is_and = true;
  std::vector<Expression> operands;
};
struct Conditional {
  Box condition, yes, no;  // without `no` it is undefined
};

struct Attribute {
  std::string name;
};
struct Item {
  Box key;
};
struct Slice {
  Box start, stop, step;
};
struct Call {
  CallArguments arguments;
};
struct Filter {
  std::string name;
  CallArguments arguments;
};
struct Test {
  std::string name;
  CallArguments arguments;
  bool negated = false;
};
/// What follows a value: base.name[key](…)|filter is test.
struct PostfixStep {
  Position at;
  std::variant<Attribute, Item, Slice, Call, Filter, Test> what;
};
struct Postfix {
  Box base;
  std::vector<PostfixStep> steps;
};

struct Expression {
  Position at;
  std::variant<Literal, Name, Sequence, Mapping, Unary, Calculation, Concatenation, ComparisonChain, Logic, Conditional,
               Postfix>
      node;
};
struct CallArguments::Named {
  std::string name;
  Expression value;
};
struct Mapping::Entry {
  Expression key, value;
};
struct Calculation::Step {
  Arithmetic op;
  Expression operand;
};
struct ComparisonChain::Step {
  Comparison op;
  Expression operand;
};

/// What is assigned to: a name, a namespace's attribute, or several.
struct Target {
  Position at;
  std::string name, attribute;
  std::vector<Target> parts;  // of a tuple; `name` is then empty
  bool is_tuple = false;
};

struct Statement;
using Body = std::vector<Statement>;

struct Data {
  std::string text;
};
struct Output {
  Expression value;
};
struct If {
  struct Branch;
  std::vector<Branch> branches;
  Body otherwise;
};
struct For {
  Target target;
  Expression values;
  std::optional<Expression> condition;
  Body body, otherwise;
};
struct Set {
  Target target;
  Expression value;
};
struct BlockSet {
  Target target;
  std::vector<PostfixStep> filters;
  Body body;
};
struct MacroBody {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<Expression> defaults;  // of the last parameters
  Body body;
  bool takes_rest = false, takes_named_rest = false, takes_caller = false;  // varargs, kwargs, caller are used
};
struct Macro {
  std::shared_ptr<const MacroBody> macro;
};
struct CallBlock {
  std::shared_ptr<const MacroBody> caller;
  Expression call;
};
struct FilterBlock {
  std::vector<PostfixStep> filters;
  Body body;
};
struct With {
  std::vector<std::pair<Target, Expression>> values;
  Body body;  // also of `generation`, which has no values
};
struct Break {};
struct Continue {};

struct Statement {
  Position at;
  std::variant<Data, Output, If, For, Set, BlockSet, Macro, CallBlock, FilterBlock, With, Break, Continue> node;
};

struct If::Branch {
  Expression condition;
  Body body;
};

}  // namespace flightdeck::jinja
