// Finds stop strings in text that comes in pieces: holds back what may be the beginning of one. Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace flightdeck {

class StopMatcher {
 public:
  explicit StopMatcher(std::vector<std::string> stops);

  /// Text that is certainly not part of a stop string. After stopped() it is what stood before the stop.
  std::string push(std::string_view text);
  bool stopped() const { return stopped_; }
  /// The text held back, when generation ends otherwise.
  std::string finish();

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace flightdeck
