// Names from untrusted files, made safe to show: in messages, logs and the window.
#pragma once

#include <string>
#include <string_view>

namespace flightdeck {

/// 'text' in single quotes, at most max_bytes of it; control bytes, broken UTF-8 and invisible direction marks escaped.
std::string quote(std::string_view untrusted, size_t max_bytes = 96);

/// Length of the valid UTF-8 character at the front of `text`; 0 when it is empty or broken there.
size_t utf8_length(std::string_view text);

}  // namespace flightdeck
