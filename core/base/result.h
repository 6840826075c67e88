// Expected failures as values: every function of core that can fail because of a file, a user's input or the machine
// returns Result<T>. A caller's bug is an assert; a device fault is thrown (kernels/device_error.h).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace flightdeck {

enum class ErrorKind {
  invalid_input,  // the user gave something that cannot work: a flag, a request, a path of the wrong kind
  not_found,      // a file, model or conversation that is not there
  unsupported,    // understood, but not (yet) done by this program
  corrupt,        // a file whose content breaks its format
  no_space,       // disk or memory short
  cancelled,      // the caller asked to stop
  busy,           // somebody else holds it
  io,             // the operating system refused a read or write
  not_allowed,    // a hub wants a token, or a licence accepted, before it gives this
  rate_limited,   // a hub asks to come back later
  unreachable,    // a network, host or hub does not answer, or the program was told to stay offline
};

/// What went wrong. `message` names the thing, the values and the next step, in one or two sentences.
struct Error {
  ErrorKind kind = ErrorKind::io;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::corrupt, "{}: header of {} bytes", path, n);`
template <class... Args>
tl::unexpected<Error> fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{kind, fmt::format(format, std::forward<Args>(args)...)});
}

/// The same error, its message ending in `step`.
inline Error with_next_step(Error error, std::string_view step) {
  if (!std::string_view(error.message).ends_with(step)) error.message += fmt::format(": {}", step);
  return error;
}

}  // namespace flightdeck

#define FLIGHTDECK_JOIN_(a, b) a##b
#define FLIGHTDECK_JOIN(a, b) FLIGHTDECK_JOIN_(a, b)

/// `TRY(auto file, MappedFile::open(path));` declares or assigns the value, or returns the error from this function.
#define TRY(declaration, expression) TRY_(FLIGHTDECK_JOIN(result_, __LINE__), declaration, expression)
#define TRY_(result, declaration, expression)                    \
  auto result = (expression);                                    \
  if (!result) return tl::unexpected(std::move(result).error()); \
  declaration = std::move(result).value()

/// `TRY_VOID(file.write(bytes));` returns the error of a Result<void> from this function.
#define TRY_VOID(expression)                                           \
  do {                                                                 \
    auto try_void = (expression);                                      \
    if (!try_void) return tl::unexpected(std::move(try_void).error()); \
  } while (false)
