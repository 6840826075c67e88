// What follows a value: attributes, items, calls, filters, tests; and what can be assigned to.
#include "core/jinja/expression_parser.h"

namespace flightdeck::jinja {
namespace {

Box boxed(Expression expression) { return std::make_unique<Expression>(std::move(expression)); }

}  // namespace

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
      made.named.push_back({std::move(key), expression()});
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
