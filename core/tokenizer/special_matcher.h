// Finds the longest of a set of spelled tokens at a place in a text. Const after construction, thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace flightdeck {

class SpecialMatcher {
 public:
  using Match = SpecialMatch;

  SpecialMatcher() = default;
  explicit SpecialMatcher(std::vector<std::pair<std::string, int32_t>> tokens) : tokens_(std::move(tokens)) {
    std::sort(tokens_.begin(), tokens_.end());
    for (const auto& token : tokens_) begins_[static_cast<uint8_t>(token.first.front())] = true;
  }

  /// Narrows the sorted tokens byte by byte: O(longest match × log tokens).
  Match longest(std::string_view text) const {
    Match best;
    if (text.empty() || !begins_[static_cast<uint8_t>(text.front())]) return best;
    auto low = tokens_.begin(), high = tokens_.end();
    for (size_t at = 0; at < text.size() && low != high; ++at) {
      low = std::partition_point(low, high, [&](const auto& token) { return byte(token.first, at) < byte(text, at); });
      high =
          std::partition_point(low, high, [&](const auto& token) { return byte(token.first, at) <= byte(text, at); });
      if (low != high && low->first.size() == at + 1) best = {low->second, at + 1};
    }
    return best;
  }

 private:
  static int byte(std::string_view text, size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : -1; }

  std::vector<std::pair<std::string, int32_t>> tokens_;
  bool begins_[256] = {};
};

}  // namespace flightdeck
