// Where access tokens are found and kept. Our own: the desktop's keyring, else config_dir()/tokens/<hub>, mode 0600 in
// a folder of mode 0700. The file counts before the keyring: there is one only since no keyring was there.
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/hub/credentials.h"
#include "core/hub/keyring.h"

namespace flightdeck {
namespace {

constexpr size_t kMostBytes = 8192;

using Found = std::optional<FoundToken>;

std::string tokens_dir() { return config_dir() + "/tokens"; }
std::string own_file(HubKind hub) { return fmt::format("{}/{}", tokens_dir(), name_of(hub)); }

std::string expanded(const std::string& path) { return path.starts_with("~/") ? user_home() + path.substr(1) : path; }

Result<Found> token_of_file(const std::string& path) {
  const auto content = read_file(path, kMostBytes);
  if (!content && content.error().kind == ErrorKind::not_found) return Found();
  if (!content) return tl::unexpected(content.error());
  const auto token = Token::parse(*content);
  if (!token) return fail(ErrorKind::invalid_input, "{}: {}", path, token.error().message);
  return Found({*token, path});
}

/// Other tools keep theirs as they like; ours must never have been readable by anybody else.
Result<Found> token_of_own_file(HubKind hub) {
  const std::string path = own_file(hub);
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && ((info.st_mode & 077) != 0 || info.st_uid != geteuid()))
    return fail(ErrorKind::not_allowed,
                "{}: other users may have read or written it (mode {:o}), so the access token in it is not used: "
                "replace the token at the hub, then 'flightdeck login --source {}'; or 'chmod 600 {}' if you trust "
                "everybody here",
                path, info.st_mode & 0777, name_of(hub), path);
  return token_of_file(path);
}

Result<Found> token_of_variable(const char* variable) {
  const std::string text = environment(variable);
  if (text.empty()) return Found();
  const auto token = Token::parse(text);
  if (!token) return fail(ErrorKind::invalid_input, "{}: {}", variable, token.error().message);
  return Found({*token, variable});
}

Result<Found> own_token(HubKind hub) {
  TRY(Found found, token_of_own_file(hub));
  if (found) return found;
  const auto token = keyring::look_up(hub);
  // A keyring that stays locked must not keep anybody from a public model.
  if (!token) spdlog::warn("{}", token.error().message);
  if (token && *token) return Found({**token, "the desktop's keyring"});
  return Found();
}

/// What other tools of the hub use too.
Result<Found> shared_token(HubKind hub) {
  if (hub == HubKind::model_scope) return token_of_variable("MODELSCOPE_API_TOKEN");
  for (const char* variable : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    TRY(Found found, token_of_variable(variable));
    if (found) return found;
  }
  if (is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return Found();
  const std::string named = environment("HF_TOKEN_PATH");
  return token_of_file(named.empty() ? hugging_face_home() + "/token" : expanded(named));
}

}  // namespace

Result<std::optional<FoundToken>> locate_token(HubKind hub) {
  TRY(Found found, shared_token(hub));
  if (found) return found;
  if (hub == HubKind::hugging_face && is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return Found();
  return own_token(hub);
}

Result<std::optional<Token>> find_token(HubKind hub) {
  TRY(const Found found, locate_token(hub));
  return found ? std::optional(found->token) : std::nullopt;
}

Result<void> store_token(HubKind hub, const Token& token) {
  const std::string path = own_file(hub);
  const auto kept = keyring::store(hub, token);
  if (kept) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(ErrorKind::io, "{}: the old access token in it cannot be removed: remove the file", path);
    return {};
  }
  if (kept.error().kind == ErrorKind::io) spdlog::warn("{}", kept.error().message);
  TRY_VOID(make_directories(tokens_dir()));
  if (chmod(tokens_dir().c_str(), 0700) != 0)
    return fail(ErrorKind::io, "{}: cannot be closed to other users: check whose folder it is", tokens_dir());
  return write_file_atomically(path, token.secret() + "\n", FileAccess::owner_only);
}

Result<void> forget_token(HubKind hub) {
  const std::string path = own_file(hub);
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail(ErrorKind::io, "{}: cannot be removed: check whose file it is", path);
  return keyring::forget(hub);
}

}  // namespace flightdeck
