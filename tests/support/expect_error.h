// Checks of Results in tests: the message is shown when they fail.
#pragma once

#include <QtTest>

#include "core/base/result.h"

#define VERIFY_OK(expression)                                                            \
  do {                                                                                   \
    auto&& verify_ok = (expression);                                                     \
    QVERIFY2(verify_ok.has_value(), verify_ok ? "" : verify_ok.error().message.c_str()); \
  } while (false)

/// The result is an error of kind `wanted` whose message contains `part`.
#define VERIFY_ERROR(expression, wanted, part)                                                   \
  do {                                                                                           \
    auto&& verify_result = (expression);                                                         \
    QVERIFY2(!verify_result.has_value(), "succeeded, an error was expected");                    \
    const std::string& verify_message = verify_result.error().message;                           \
    QVERIFY2(verify_message.find(part) != std::string::npos, verify_message.c_str());            \
    QVERIFY2(verify_result.error().kind == (wanted), ("wrong kind: " + verify_message).c_str()); \
  } while (false)
