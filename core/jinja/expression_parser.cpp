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
    made.entries.push_back({std::move(key), expression()});
  }
  expect("}");
  return {at, std::move(made)};
}

}  // namespace flightdeck::jinja
