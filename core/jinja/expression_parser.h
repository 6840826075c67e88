// Tokens → expressions. Internal to this folder; the precedences are Jinja's, from `if` (weakest) to `()`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/ast.h"
#include "core/jinja/lexer.h"

namespace flightdeck::jinja {

class ExpressionParser {
 protected:
  ExpressionParser(std::vector<Token> tokens, int max_depth) : tokens_(std::move(tokens)), max_depth_(max_depth) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take();
  bool skip_if(std::string_view symbol);
  bool skip_if_name(std::string_view name);
  void expect(std::string_view symbol);
  void expect_name(std::string_view name);
  std::string expect_any_name();
  [[noreturn]] void fail_at(const Position& at, std::string message) const;
  [[noreturn]] void unexpected() const;

  enum class Conditionals : uint8_t { allowed, not_here };
  /// Several, with commas between, are a tuple.
  Expression tuple(Conditionals conditionals = Conditionals::allowed, bool in_parentheses = false);
  Expression expression() { return conditional(); }
  /// `|a|b(c)`: filters without the value before them; `first_bar` false: the first has no bar.
  std::vector<PostfixStep> filters(bool first_bar);
  CallArguments call_arguments();
  Target target(bool with_attribute, bool with_tuple = true);

  /// One level of nesting deeper for as long as it lives.
  class Level {
   public:
    explicit Level(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > parser_.max_depth_)
        parser_.fail_at(parser_.current().at, fmt::format("nested deeper than {} levels", parser_.max_depth_));
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    ExpressionParser& parser_;
  };

  std::vector<MacroBody*> macros_;  // being parsed, innermost last

 private:
  Expression conditional();
  Expression logic(bool is_and);
  Expression logical_not();
  Expression comparison();
  Expression sum();
  Expression concatenation();
  Expression product();
  Expression power();
  Expression unary(bool with_filters = true);
  Expression primary();
  Expression name();
  Expression number();
  Expression list_display();
  Expression dict_display();
  void postfix(Expression& base);
  void filters_and_tests(Expression& base);
  void add_step(Expression& base, PostfixStep step);
  PostfixStep attribute_or_item();
  PostfixStep subscript();
  PostfixStep filter();
  PostfixStep test();
  bool begins_test_argument() const;
  bool at_tuple_end() const;
  Target simple_target(bool with_attribute);
  std::string dotted_name();

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0, max_depth_;
};

}  // namespace flightdeck::jinja
