#include "core/hub/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

namespace flightdeck {

bool is_worth_repeating(int status) { return status == 408 || status == 429 || (status >= 500 && status <= 599); }

std::chrono::milliseconds told_wait(const HttpResponse& head) {
  const auto seconds_at = [](std::string_view text) -> int64_t {
    int64_t seconds = -1;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::min<int64_t>(seconds, 1'000'000);
  };
  int64_t seconds = -1;
  if (const std::string text = head.header("retry-after"); !text.empty()) {
    seconds = seconds_at(text);
    if (text[0] < '0' || text[0] > '9') {
      const time_t date = curl_getdate(text.c_str(), nullptr);
      seconds = date < 0 ? -1 : std::max<int64_t>(0, date - std::time(nullptr));
    }
  } else if (const std::string limit = head.header("ratelimit"); head.status == 429 && !limit.empty()) {
    const size_t t = limit.find("t=");
    if (t != limit.npos) seconds = seconds_at(std::string_view(limit).substr(t + 2));
  }
  return std::chrono::milliseconds(seconds < 0 ? -1 : seconds * 1000);
}

std::chrono::milliseconds Backoff::next() {
  auto wait = options_.first_wait;
  for (int i = 0; i < failures_ && wait < options_.longest_wait; ++i) wait *= 2;
  ++failures_;
  wait = std::min(wait, options_.longest_wait);
  const auto half = wait.count() / 2;
  return std::chrono::milliseconds(half +
                                   std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(half, 1))(random_));
}

}  // namespace flightdeck
