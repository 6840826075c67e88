// What a template can call: filters, tests, methods, global functions and its own macros.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/value.h"

namespace flightdeck::jinja {

class Machine;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

class Function {
 public:
  virtual ~Function() = default;
  virtual Value call(Machine& machine, Arguments arguments) const = 0;
};

using Native = Value (*)(Machine&, Arguments&);

/// A global function, or a method with the value it belongs to (then the first argument).
class NativeFunction final : public Function {
 public:
  explicit NativeFunction(Native native) : native_(native) {}
  NativeFunction(Native native, Value self) : native_(native), self_(std::move(self)), has_self_(true) {}

  Value call(Machine& machine, Arguments arguments) const override {
    if (has_self_) arguments.positional.insert(arguments.positional.begin(), self_);
    return native_(machine, arguments);
  }

 private:
  Native native_;
  Value self_;
  bool has_self_ = false;
};

/// Takes arguments in their order or by name, as Python does.
class Parameters {
 public:
  Parameters(Arguments& arguments, const char* callee) : arguments_(arguments), callee_(callee) {}

  /// Null when it was not given.
  const Value* next(std::string_view name);
  const Value& required(std::string_view name);
  const Text& text(std::string_view name);
  int64_t integer(std::string_view name);
  int64_t integer(std::string_view name, int64_t fallback);
  bool truth(std::string_view name, bool fallback);
  /// No further argument may be left.
  void end() const;

 private:
  Arguments& arguments_;
  const char* callee_;
  size_t position_ = 0, named_used_ = 0;
};

/// Null when there is none of this name.
Native find_filter(std::string_view name);
Native find_test(std::string_view name);
Native find_global(std::string_view name);
Native find_text_method(std::string_view name);
Native find_list_method(std::string_view name);
Native find_dict_method(std::string_view name);

}  // namespace flightdeck::jinja
