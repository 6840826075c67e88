#include "core/jinja/expression_parser.h"

#include <charconv>
#include <cstdlib>

#include "core/base/quote.h"

namespace flightdeck::jinja {
namespace {

Box boxed(Expression expression) { return std::make_unique<Expression>(std::move(expression)); }

std::string described(const Token& token) {
  using Kind = Token::Kind;
  switch (token.kind) {
    case Kind::end:
      return "the end of the template";
    case Kind::output_end:
      return "'}}'";
    case Kind::block_end:
      return "'%}'";
    case Kind::data:
    case Kind::output_begin:
    case Kind::block_begin:
      return "text";
    default:
      return quote(token.text, 40);
  }
}

struct Spelled {
  std::string_view symbol;
  Comparison op;
};
constexpr Spelled comparisons[] = {{"==", Comparison::equal},  {"!=", Comparison::unequal},
                                   {"<", Comparison::less},    {"<=", Comparison::less_equal},
                                   {">", Comparison::greater}, {">=", Comparison::greater_equal}};

}  // namespace

Token ExpressionParser::take() {
  Token token = current();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool ExpressionParser::skip_if(std::string_view symbol) {
  const bool there = current().is(symbol);
  if (there) take();
  return there;
}

bool ExpressionParser::skip_if_name(std::string_view name) {
  const bool there = current().is_name(name);
  if (there) take();
  return there;
}

void ExpressionParser::expect(std::string_view symbol) {
  if (!skip_if(symbol)) fail_at(current().at, fmt::format("expected '{}', found {}", symbol, described(current())));
}

void ExpressionParser::expect_name(std::string_view name) {
  if (!skip_if_name(name)) fail_at(current().at, fmt::format("expected '{}', found {}", name, described(current())));
}

std::string ExpressionParser::expect_any_name() {
  if (current().kind != Token::Kind::name)
    fail_at(current().at, fmt::format("expected a name, found {}", described(current())));
  return take().text;
}

void ExpressionParser::fail_at(const Position& at, std::string message) const {
  throw SyntaxFailure{at, std::move(message)};
}

void ExpressionParser::unexpected() const { fail_at(current().at, "unexpected " + described(current())); }

bool ExpressionParser::at_tuple_end() const {
  const Token::Kind kind = current().kind;
  return kind == Token::Kind::output_end || kind == Token::Kind::block_end || current().is(")");
}

Expression ExpressionParser::tuple(Conditionals conditionals, bool in_parentheses) {
  const Position at = current().at;
  Sequence items{{}, List::Kind::tuple};
  bool is_tuple = false;
  while (!at_tuple_end()) {
    items.items.push_back(conditionals == Conditionals::allowed ? conditional() : logic(false));
    if (!skip_if(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.items.empty()) return std::move(items.items.front());
  if (!is_tuple && !in_parentheses) fail_at(at, "expected an expression, found " + described(current()));
  return {at, std::move(items)};
}

Expression ExpressionParser::conditional() {
  const Level level(*this);
  Expression result = logic(false);
  while (current().is_name("if")) {
    const Position at = take().at;
    Conditional made;
    made.condition = boxed(logic(false));
    made.yes = boxed(std::move(result));
    const bool has_else = skip_if_name("else");
    if (has_else) made.no = boxed(conditional());
    result = {at, std::move(made)};
  }
  return result;
}

Expression ExpressionParser::logic(bool is_and) {
  const Position at = current().at;
  Logic made{is_and, {}};
  do {
    made.operands.push_back(is_and ? logical_not() : logic(true));
  } while (skip_if_name(is_and ? "and" : "or"));
  if (made.operands.size() == 1) return std::move(made.operands.front());
  return {at, std::move(made)};
}

Expression ExpressionParser::logical_not() {
  if (!current().is_name("not")) return comparison();
  const Level level(*this);
  const Position at = take().at;
  return {at, Unary{Unary::Operator::logical_not, boxed(logical_not())}};
}

Expression ExpressionParser::comparison() {
  const Position at = current().at;
  Expression first = sum();
  ComparisonChain chain;
  while (true) {
    const auto* found = std::find_if(std::begin(comparisons), std::end(comparisons),
                                     [&](const Spelled& each) { return current().is(each.symbol); });
    if (found != std::end(comparisons)) {
      take();
      chain.steps.push_back({found->op, sum()});
    } else if (skip_if_name("in")) {
      chain.steps.push_back({Comparison::in, sum()});
    } else if (current().is_name("not") && ahead().is_name("in")) {
      take(), take();
      chain.steps.push_back({Comparison::not_in, sum()});
    } else {
      break;
    }
  }
  if (chain.steps.empty()) return first;
  chain.first = boxed(std::move(first));
  return {at, std::move(chain)};
}

Expression ExpressionParser::sum() {
  const Position at = current().at;
  Expression first = concatenation();
  Calculation made;
  while (current().is("+") || current().is("-")) {
    const Arithmetic op = take().text == "+" ? Arithmetic::add : Arithmetic::subtract;
    made.steps.push_back({op, concatenation()});
  }
  if (made.steps.empty()) return first;
  made.first = boxed(std::move(first));
  return {at, std::move(made)};
}

Expression ExpressionParser::concatenation() {
  const Position at = current().at;
  Concatenation made;
  do {
    made.parts.push_back(product());
  } while (skip_if("~"));
  if (made.parts.size() == 1) return std::move(made.parts.front());
  return {at, std::move(made)};
}

Expression ExpressionParser::product() {
  const Position at = current().at;
  Expression first = power();
  Calculation made;
  while (current().is("*") || current().is("/") || current().is("//") || current().is("%")) {
    const std::string symbol = take().text;
    const Arithmetic op = symbol == "*"    ? Arithmetic::multiply
                          : symbol == "/"  ? Arithmetic::divide
                          : symbol == "//" ? Arithmetic::floor_divide
                                           : Arithmetic::modulo;
    made.steps.push_back({op, power()});
  }
  if (made.steps.empty()) return first;
  made.first = boxed(std::move(first));
  return {at, std::move(made)};
}

Expression ExpressionParser::power() {
  const Position at = current().at;
  Expression first = unary();
  Calculation made;
  while (skip_if("**")) made.steps.push_back({Arithmetic::power, unary()});
  if (made.steps.empty()) return first;
  made.first = boxed(std::move(first));
  return {at, std::move(made)};
}

Expression ExpressionParser::unary(bool with_filters) {
  const Level level(*this);
  const Position at = current().at;
  Expression made;
  if (current().is("-") || current().is("+")) {
    const auto op = take().text == "-" ? Unary::Operator::negative : Unary::Operator::positive;
    made = {at, Unary{op, boxed(unary(false))}};
  } else {
    made = primary();
  }
  postfix(made);
  if (with_filters) filters_and_tests(made);
  return made;
}

Expression ExpressionParser::primary() {
  const Position at = current().at;
  switch (current().kind) {
    case Token::Kind::name:
      return name();
    case Token::Kind::text: {
      std::string text = take().text;
      while (current().kind == Token::Kind::text) text += take().text;
      return {at, Literal{Value(text)}};
    }
    case Token::Kind::integer:
    case Token::Kind::real:
      return number();
    default:
      break;
  }
  if (skip_if("(")) {
    Expression inner = tuple(Conditionals::allowed, true);
    expect(")");
    return inner;
  }
  if (current().is("[")) return list_display();
  if (current().is("{")) return dict_display();
  unexpected();
}

Expression ExpressionParser::name() {
  const Token token = take();
  const std::string& text = token.text;
  if (text == "true" || text == "True") return {token.at, Literal{Value(true)}};
  if (text == "false" || text == "False") return {token.at, Literal{Value(false)}};
  if (text == "none" || text == "None") return {token.at, Literal{Value(nullptr)}};
  for (MacroBody* macro : macros_) {
    macro->takes_caller |= text == "caller";
    macro->takes_rest |= text == "varargs";
    macro->takes_named_rest |= text == "kwargs";
  }
  return {token.at, Name{text}};
}

Expression ExpressionParser::number() {
  const Token token = take();
  if (token.kind == Token::Kind::real) return {token.at, Literal{Value(std::strtod(token.text.c_str(), nullptr))}};
  int64_t value = 0;
  const char* end = token.text.data() + token.text.size();
  if (std::from_chars(token.text.data(), end, value).ec != std::errc())
    fail_at(token.at, fmt::format("{} is too large a number", quote(token.text, 40)));
  return {token.at, Literal{Value(value)}};
}

Expression ExpressionParser::list_display() {
  const Position at = take().at;
  Sequence made;
  while (!current().is("]")) {
    if (!made.items.empty()) expect(",");
    if (current().is("]")) break;
    made.items.push_back(expression());
  }
  expect("]");
  return {at, std::move(made)};
}

Expression ExpressionParser::dict_display() {
  const Position at = take().at;
  Mapping made;
  while (!current().is("}")) {
    if (!made.entries.empty()) expect(",");
    if (current().is("}")) break;
    Expression key = expression();
    expect(":");
    made.entries.emplace_back(std::move(key), expression());
  }
  expect("}");
  return {at, std::move(made)};
}

void ExpressionParser::add_step(Expression& base, PostfixStep step) {
  auto* chain = std::get_if<Postfix>(&base.node);
  if (!chain) {
    const Position at = base.at;
    Postfix made;
    made.base = boxed(std::move(base));
    base = {at, std::move(made)};
    chain = std::get_if<Postfix>(&base.node);
  }
  chain->steps.push_back(std::move(step));
}

void ExpressionParser::postfix(Expression& base) {
  while (true) {
    const Position at = current().at;
    if (current().is(".") || current().is("[")) {
      add_step(base, attribute_or_item());
    } else if (current().is("(")) {
      add_step(base, {at, Call{call_arguments()}});
    } else {
      return;
    }
  }
}

void ExpressionParser::filters_and_tests(Expression& base) {
  while (true) {
    const Position at = current().at;
    if (current().is("|")) {
      take();
      add_step(base, filter());
    } else if (current().is_name("is")) {
      take();
      add_step(base, test());
    } else if (current().is("(")) {
      add_step(base, {at, Call{call_arguments()}});
    } else {
      return;
    }
  }
}

PostfixStep ExpressionParser::attribute_or_item() {
  const Position at = current().at;
  if (!skip_if(".")) return subscript();
  if (current().kind == Token::Kind::integer) {
    const Expression index = number();
    return {at, Item{boxed({at, Literal{std::get<Literal>(index.node).value}})}};
  }
  return {at, Attribute{expect_any_name()}};
}

PostfixStep ExpressionParser::subscript() {
  const Position at = take().at;
  Slice slice;
  if (!current().is(":")) {
    Expression key = expression();
    if (skip_if("]")) return {at, Item{boxed(std::move(key))}};
    slice.start = boxed(std::move(key));
  }
  expect(":");
  if (!current().is(":") && !current().is("]")) slice.stop = boxed(expression());
  if (skip_if(":") && !current().is("]")) slice.step = boxed(expression());
  expect("]");
  return {at, std::move(slice)};
}

CallArguments ExpressionParser::call_arguments() {
  const Level level(*this);
  CallArguments made;
  expect("(");
  for (bool first = true; !current().is(")"); first = false) {
    if (!first) expect(",");
    if (current().is(")")) break;
    const bool ended = made.spread_named != nullptr;
    if (ended) fail_at(current().at, "nothing may follow **arguments");
    if (skip_if("*")) {
      made.spread = boxed(expression());
    } else if (skip_if("**")) {
      made.spread_named = boxed(expression());
    } else if (current().kind == Token::Kind::name && ahead().is("=")) {
      std::string key = take().text;
      take();
      made.named.emplace_back(std::move(key), expression());
    } else {
      if (made.spread || !made.named.empty()) fail_at(current().at, "an argument without a name follows a named one");
      made.positional.push_back(expression());
    }
  }
  expect(")");
  return made;
}

std::string ExpressionParser::dotted_name() {
  std::string name = expect_any_name();
  while (skip_if(".")) name += "." + expect_any_name();
  return name;
}

PostfixStep ExpressionParser::filter() {
  const Position at = current().at;
  Filter made{dotted_name(), {}};
  if (current().is("(")) made.arguments = call_arguments();
  return {at, std::move(made)};
}

std::vector<PostfixStep> ExpressionParser::filters(bool first_bar) {
  std::vector<PostfixStep> steps;
  if (!first_bar) steps.push_back(filter());
  while (skip_if("|")) steps.push_back(filter());
  return steps;
}

bool ExpressionParser::begins_test_argument() const {
  const Token& token = current();
  switch (token.kind) {
    case Token::Kind::name:
      return token.text != "else" && token.text != "or" && token.text != "and";
    case Token::Kind::text:
    case Token::Kind::integer:
    case Token::Kind::real:
      return true;
    default:
      return token.is("[") || token.is("{");
  }
}

PostfixStep ExpressionParser::test() {
  const Position at = current().at;
  Test made;
  made.negated = skip_if_name("not");
  made.name = dotted_name();
  if (current().is("(")) {
    made.arguments = call_arguments();
  } else if (begins_test_argument()) {
    if (current().is_name("is")) fail_at(current().at, "tests cannot be chained: 'is' follows a test");
    Expression argument = primary();
    postfix(argument);
    made.arguments.positional.push_back(std::move(argument));
  }
  return {at, std::move(made)};
}

Target ExpressionParser::simple_target(bool with_attribute) {
  Target made;
  made.at = current().at;
  if (skip_if("(")) {
    const Level level(*this);
    made = target(false);
    expect(")");
    return made;
  }
  made.name = expect_any_name();
  for (const char* fixed : {"true", "false", "none", "True", "False", "None"})
    if (made.name == fixed) fail_at(made.at, fmt::format("'{}' cannot be assigned to", fixed));
  if (with_attribute && skip_if(".")) made.attribute = expect_any_name();
  return made;
}

Target ExpressionParser::target(bool with_attribute, bool with_tuple) {
  Target first = simple_target(with_attribute);
  if (!with_tuple || !current().is(",")) return first;
  Target made;
  made.at = first.at;
  made.is_tuple = true;
  made.parts.push_back(std::move(first));
  while (skip_if(",")) {
    const bool more = current().kind == Token::Kind::name || current().is("(");
    if (!more || current().is_name("in")) break;
    made.parts.push_back(simple_target(false));
  }
  return made;
}

}  // namespace flightdeck::jinja
