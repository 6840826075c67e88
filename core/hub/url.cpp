#include "core/hub/url.h"

#include <curl/curl.h>

#include <memory>

#include "core/base/quote.h"

namespace flightdeck {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(const Handle& handle, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle.get(), part, &text, flags) != CURLUE_OK) return "";
  std::string result = text;
  curl_free(text);
  return result;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string encode(std::string_view text, std::string_view kept) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain || kept.find(c) != kept.npos)
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

}  // namespace

Result<Url> Url::parse(const std::string& text) {
  const Handle handle(curl_url(), &curl_url_cleanup);
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return fail(ErrorKind::invalid_input, "{} is not a web address", quote(text));
  const std::string scheme = part_of(handle, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return fail(ErrorKind::invalid_input, "{}: only http and https addresses are opened", quote(text));
  if (!part_of(handle, CURLUPART_USER).empty() || !part_of(handle, CURLUPART_PASSWORD).empty())
    return fail(ErrorKind::invalid_input, "the address of {} carries a user name: give a token instead",
                quote(part_of(handle, CURLUPART_HOST)));
  curl_url_set(handle.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url url;
  url.text_ = part_of(handle, CURLUPART_URL);
  url.host_ = lower(part_of(handle, CURLUPART_HOST));
  url.origin_ = scheme + "://" + url.host_ + ":" + part_of(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return url;
}

Result<Url> Url::redirected(const std::string& location) const {
  const Handle handle(curl_url(), &curl_url_cleanup);
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, text_.c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    return fail(ErrorKind::unreachable, "{} redirects to {}, which is refused", shown(), quote(location));
  const auto next = parse(part_of(handle, CURLUPART_URL));
  if (!next || (is_https() && !next->is_https()))
    return fail(ErrorKind::unreachable, "{} redirects to {}, which is refused", shown(),
                quote(location.substr(0, location.find('?'))));
  return *next;
}

std::string encode_query(std::string_view text) { return encode(text, "-._~"); }
std::string encode_path(std::string_view text) { return encode(text, "-._~/"); }

}  // namespace flightdeck
