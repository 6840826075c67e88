#include "core/jinja/template.h"

#include "core/jinja/lexer.h"
#include "core/jinja/machine.h"
#include "core/jinja/parser.h"

namespace flightdeck::jinja {

Result<Template> Template::parse(std::string_view source, std::string name, const Limits& limits) {
  if (source.size() > limits.source_bytes)
    return fail(ErrorKind::corrupt, "{}: the chat template has {} bytes, at most {} are read", name, source.size(),
                limits.source_bytes);
  Template made;
  made.name_ = std::move(name);
  made.limits_ = limits;
  try {
    made.body_ = std::make_shared<const Body>(jinja::parse(source, limits.depth));
  } catch (const SyntaxFailure& failure) {
    return fail(ErrorKind::corrupt, "{}: line {}, column {}: {}", made.name_, failure.at.line, failure.at.column,
                failure.message);
  }
  return made;
}

Result<Text> Template::render(const Variables& variables, const std::tm& now) const {
  Machine machine(limits_, now);
  try {
    for (const auto& [name, value] : variables) machine.define(name, value);
    return machine.render(*body_);
  } catch (const Failure& failure) {
    const Position& at = machine.place();
    return fail(failure.kind, "{}: line {}, column {}: {}", name_, at.line, at.column, failure.message);
  }
}

}  // namespace flightdeck::jinja
