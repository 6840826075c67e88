// Addresses: parsed by libcurl, so that what is checked here is what is connected to.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace flightdeck {

/// An http or https address without user name, password or fragment.
class Url {
 public:
  static Result<Url> parse(const std::string& text);
  /// Where `location` of a redirect from here leads; refuses other schemes and the way from https back to http.
  Result<Url> redirected(const std::string& location) const;

  const std::string& text() const { return text_; }
  const std::string& origin() const { return origin_; }  // scheme://host:port, lower case, port always written
  const std::string& host() const { return host_; }
  bool is_https() const { return origin_.starts_with("https:"); }
  /// For messages and logs: without the query, where signed addresses keep their secrets.
  std::string shown() const { return text_.substr(0, text_.find('?')); }

 private:
  std::string text_, origin_, host_;
};

/// Percent-encoded for a query or a path; in a path '/' stays.
std::string encode_query(std::string_view text);
std::string encode_path(std::string_view text);

}  // namespace flightdeck
