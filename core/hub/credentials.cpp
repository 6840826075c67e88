#include "core/hub/credentials.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace flightdeck {
namespace {

constexpr size_t kMostBytes = 4096;

}  // namespace

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

bool is_set(const char* variable) {
  std::string value = environment(variable);
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::toupper(c); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::string user_home() {
  if (const std::string home = environment("HOME"); home.starts_with("/")) return home;
  const passwd* entry = getpwuid(getuid());
  return entry && entry->pw_dir && entry->pw_dir[0] == '/' ? entry->pw_dir : "/tmp";
}

std::string hugging_face_home() {
  std::string home = environment("HF_HOME");
  if (home.starts_with("~/")) home = user_home() + home.substr(1);
  if (!home.empty()) return home;
  const std::string cache = environment("XDG_CACHE_HOME");
  return (cache.starts_with("/") ? cache : user_home() + "/.cache") + "/huggingface";
}

Result<Token> Token::parse(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (text.empty() || text.size() > kMostBytes || !visible)
    return fail(ErrorKind::invalid_input, "the access token of {} bytes is not one: copy it again from the hub",
                text.size());
  Token token;
  token.secret_ = text;
  return token;
}

}  // namespace flightdeck
