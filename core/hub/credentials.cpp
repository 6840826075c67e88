#include "core/hub/credentials.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/file.h"
#include "core/base/paths.h"

namespace flightdeck {
namespace {

constexpr size_t kMostBytes = 4096;

std::string own_file(HubKind hub) { return fmt::format("{}/{}.token", config_dir(), name_of(hub)); }

Result<std::optional<Token>> token_of_file(const std::string& path) {
  const auto content = read_file(path, kMostBytes);
  if (!content && content.error().kind == ErrorKind::not_found) return std::optional<Token>();
  if (!content) return tl::unexpected(content.error());
  TRY(Token token, Token::parse(*content));
  return std::optional(std::move(token));
}

Result<std::optional<Token>> token_of_variable(const char* variable) {
  const std::string text = environment(variable);
  if (text.empty()) return std::optional<Token>();
  auto token = Token::parse(text);
  if (!token) return fail(ErrorKind::invalid_input, "{}: {}", variable, token.error().message);
  return std::optional(std::move(*token));
}

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

Result<std::optional<Token>> find_token(HubKind hub) {
  if (hub == HubKind::model_scope) {
    TRY(auto token, token_of_variable("MODELSCOPE_API_TOKEN"));
    return token ? Result<std::optional<Token>>(std::move(token)) : token_of_file(own_file(hub));
  }
  TRY(auto token, token_of_variable("HF_TOKEN"));
  if (token) return token;
  if (is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return std::optional<Token>();
  const std::string named = environment("HF_TOKEN_PATH");
  TRY(token, token_of_file(named.empty() ? hugging_face_home() + "/token" : named));
  return token ? Result<std::optional<Token>>(std::move(token)) : token_of_file(own_file(hub));
}

Result<void> store_token(HubKind hub, const Token& token) {
  TRY_VOID(make_directories(config_dir()));
  const std::string path = own_file(hub);
  // AtomicFile keeps the permissions of the file it replaces: the empty one is ours alone before the secret is in it.
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || fchmod(fd, 0600) != 0) {
    if (fd >= 0) close(fd);
    return fail(ErrorKind::io, "{}: cannot be created for the owner alone", path);
  }
  close(fd);
  return write_file_atomically(path, token.secret() + "\n");
}

Result<void> forget_token(HubKind hub) {
  const std::string path = own_file(hub);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail(ErrorKind::io, "{}: cannot be removed", path);
  return {};
}

}  // namespace flightdeck
