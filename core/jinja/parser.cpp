#include "core/jinja/parser.h"

#include "core/base/quote.h"
#include "core/jinja/expression_parser.h"

namespace flightdeck::jinja {
namespace {

using Ends = std::initializer_list<std::string_view>;

class Parser : ExpressionParser {
 public:
  Parser(std::vector<Token> tokens, int max_depth) : ExpressionParser(std::move(tokens), max_depth) {}

  Body run() { return body({}); }

 private:
  /// Statements up to a block whose name is one of `ends`; that name is the current token then.
  Body body(Ends ends) {
    const Level level(*this);
    Body statements;
    while (true) {
      const Position at = current().at;
      switch (current().kind) {
        case Token::Kind::data:
          statements.push_back({at, Data{take().text}});
          break;
        case Token::Kind::output_begin:
          take();
          statements.push_back({at, Output{tuple()}});
          if (current().kind != Token::Kind::output_end) unexpected();
          take();
          break;
        case Token::Kind::block_begin:
          take();
          for (const std::string_view end : ends)
            if (current().is_name(end)) return statements;
          statements.push_back(block(at));
          break;
        default:
          if (ends.size() == 0) return statements;
          fail_at(at, fmt::format("the template ends where {{% {} %}} was expected", *(ends.end() - 1)));
      }
    }
  }

  /// The block `{% word …%}` behind its `{%`.
  Statement block(const Position& at) {
    const std::string word = expect_any_name();
    if (word == "if") return {at, if_block()};
    if (word == "for") return {at, for_block()};
    if (word == "set") return set_block(at);
    if (word == "macro") return {at, macro_block()};
    if (word == "call") return {at, call_block()};
    if (word == "filter") return {at, filter_block()};
    if (word == "with") return {at, with_block()};
    if (word == "generation") return {at, generation_block()};
    if ((word == "break" || word == "continue") && loops_ == 0) fail_at(at, "'" + word + "' stands outside of a loop");
    if (word == "break") return end_block(), Statement{at, Break{}};
    if (word == "continue") return end_block(), Statement{at, Continue{}};
    fail_at(at, fmt::format("the block {} is not known here", quote(word, 40)));
  }

  void end_block() {
    if (current().kind != Token::Kind::block_end) unexpected();
    take();
  }
  void end_block(std::string_view name) {
    expect_name(name);
    end_block();
  }

  If if_block() {
    If made;
    do {
      Expression condition = tuple(Conditionals::not_here);
      end_block();
      made.branches.push_back({std::move(condition), body({"elif", "else", "endif"})});
    } while (skip_if_name("elif"));
    if (skip_if_name("else")) {
      end_block();
      made.otherwise = body({"endif"});
    }
    end_block("endif");
    return made;
  }

  For for_block() {
    For made;
    made.target = target(false);
    expect_name("in");
    made.values = tuple(Conditionals::not_here);
    if (skip_if_name("if")) made.condition = expression();
    if (current().is_name("recursive")) fail_at(current().at, "recursive loops are not supported");
    end_block();
    ++loops_;
    made.body = body({"else", "endfor"});
    --loops_;
    if (skip_if_name("else")) {
      end_block();
      made.otherwise = body({"endfor"});
    }
    end_block("endfor");
    return made;
  }

  Statement set_block(const Position& at) {
    Target assigned = target(true);
    if (skip_if("=")) {
      Expression value = tuple();
      end_block();
      return {at, Set{std::move(assigned), std::move(value)}};
    }
    if (assigned.is_tuple) fail_at(at, "{% set %} without '=' takes one name");
    BlockSet made{std::move(assigned), filters(true), {}};
    end_block();
    made.body = body({"endset"});
    end_block("endset");
    return {at, std::move(made)};
  }

  /// name(parameters) %} … {% endmacro %}
  Macro macro_block() {
    auto made = std::make_shared<MacroBody>();
    made->name = expect_any_name();
    parameters(*made);
    end_block();
    finish(*made, "endmacro");
    return {made};
  }

  void parameters(MacroBody& macro) {
    expect("(");
    while (!current().is(")")) {
      if (!macro.parameters.empty()) expect(",");
      macro.parameters.push_back(target(false, false).name);
      if (skip_if("=")) {
        macro.defaults.push_back(expression());
      } else if (!macro.defaults.empty()) {
        fail_at(current().at, "a parameter without a default follows one with a default");
      }
    }
    expect(")");
  }

  void finish(MacroBody& macro, std::string_view end) {
    macros_.push_back(&macro);
    const int outer = std::exchange(loops_, 0);
    macro.body = body({end});
    loops_ = outer;
    macros_.pop_back();
    end_block(end);
  }

  CallBlock call_block() {
    auto caller = std::make_shared<MacroBody>();
    caller->name = "caller";
    if (current().is("(")) parameters(*caller);
    const Position at = current().at;
    CallBlock made{caller, expression()};
    const auto* chain = std::get_if<Postfix>(&made.call.node);
    if (!chain || !std::holds_alternative<Call>(chain->steps.back().what)) fail_at(at, "{% call %} expects a call");
    end_block();
    finish(*caller, "endcall");
    return made;
  }

  FilterBlock filter_block() {
    FilterBlock made{filters(false), {}};
    end_block();
    made.body = body({"endfilter"});
    end_block("endfilter");
    return made;
  }

  With with_block() {
    With made;
    while (current().kind != Token::Kind::block_end) {
      if (!made.values.empty()) expect(",");
      Target assigned = target(false, false);
      expect("=");
      made.values.emplace_back(std::move(assigned), expression());
    }
    end_block();
    made.body = body({"endwith"});
    end_block("endwith");
    return made;
  }

  /// Marks what the model wrote, for training; here it is only its body.
  With generation_block() {
    With made;
    end_block();
    made.body = body({"endgeneration"});
    end_block("endgeneration");
    return made;
  }

  int loops_ = 0;  // around this place, within the macro
};

}  // namespace

Body parse(std::string_view source, int max_depth) { return Parser(tokenize(source), max_depth).run(); }

}  // namespace flightdeck::jinja
