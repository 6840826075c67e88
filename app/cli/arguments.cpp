#include "app/cli/arguments.h"

#include <algorithm>

namespace flightdeck::cli {
namespace {

bool isOneOf(const std::string& word, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Flags whose value is a text that may itself begin with dashes.
bool takesText(const std::string& flag) { return isOneOf(flag, {"--input_text", "--stop", "--system", "--text"}); }
/// Of these, the ones that take several texts at once, as run.py's do.
bool takesSeveral(const std::string& flag) { return isOneOf(flag, {"--input_text", "--stop"}); }

std::string oneSpelling(std::string argument) {
  const auto end = argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
  std::replace(argument.begin() + 2, end, '-', '_');
  return argument;
}

/// Letters to replace, add, leave out or swap with their neighbour to make `b` of `a`.
size_t editDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::vector<std::string> normalized(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool isFlag = arguments[i].size() > 2 && arguments[i].starts_with("--");
    if (arguments[i] == "--") {
      result.insert(result.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    result.push_back(isFlag ? oneSpelling(arguments[i]) : arguments[i]);
    const std::string flag = result.back();
    if (!takesText(flag) || i + 1 == arguments.size()) continue;
    result.push_back(arguments[++i]);
    while (takesSeveral(flag) && i + 1 < arguments.size() && !arguments[i + 1].starts_with("-")) {
      result.push_back(flag);
      result.push_back(arguments[++i]);
    }
  }
  return result;
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  size_t bestDistance = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    // An unfinished word is nearer than a misspelt one.
    const size_t distance = candidate.starts_with(word) ? 1 : editDistance(word, candidate);
    if (distance < bestDistance) best = candidate, bestDistance = distance;
  }
  return best;
}

}  // namespace flightdeck::cli
