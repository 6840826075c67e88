// A parsed Jinja template: the subset that chat templates use, without attribute reflection and with caps on everything
// (budget.h). Const after parsing, thread-safe.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/budget.h"
#include "core/jinja/value.h"

namespace flightdeck::jinja {

struct MacroBody;
struct Statement;

class Template {
 public:
  /// `name` (a file) begins the error messages, with line and column.
  static Result<Template> parse(std::string_view source, std::string name, const Limits& limits = {});

  using Variables = std::vector<std::pair<std::string, Value>>;
  /// White space and line ends as transformers renders them. `now` is what strftime_now() tells.
  Result<Text> render(const Variables& variables, const std::tm& now) const;

 private:
  Template() = default;

  std::string name_;
  Limits limits_;
  std::shared_ptr<const std::vector<Statement>> body_;
};

}  // namespace flightdeck::jinja
