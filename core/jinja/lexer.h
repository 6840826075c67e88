// Template source → tokens, with the white space control that transformers sets: trim_blocks and lstrip_blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/ast.h"

namespace flightdeck::jinja {

struct Token {
  enum class Kind : uint8_t {
    data,
    output_begin,
    output_end,
    block_begin,
    block_end,
    name,
    text,
    integer,
    real,
    symbol,
    end
  };
  Kind kind = Kind::end;
  std::string text;  // of a string its value; of a symbol the canonical spelling
  Position at;

  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

struct SyntaxFailure {
  Position at;
  std::string message;
};

/// Throws SyntaxFailure.
std::vector<Token> tokenize(std::string_view source);

}  // namespace flightdeck::jinja
