// Access tokens: where they are found, where they may go, how they are kept. Never logged: Token has no way to be
// formatted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/hub/names.h"
#include "core/hub/url.h"

namespace flightdeck {

class Token {
 public:
  /// Visible ASCII without spaces, at most 4096 bytes; surrounding white space is dropped. The message never holds it.
  static Result<Token> parse(std::string_view text);
  const std::string& secret() const { return secret_; }

 private:
  std::string secret_;
};

/// A token with the only origin that may receive it.
class Credential {
 public:
  Credential(Token token, const Url& home) : token_(std::move(token)), origin_(home.origin()) {}
  bool belongs_to(const Url& url) const { return url.origin() == origin_; }
  const Token& token() const { return token_; }

 private:
  Token token_;
  std::string origin_;
};

/// HF_TOKEN, then the file HF_TOKEN_PATH or $HF_HOME/token (unless HF_HUB_DISABLE_IMPLICIT_TOKEN), then ours;
/// MODELSCOPE_API_TOKEN, then ours. Nothing when there is none; an error when there is one that cannot be used. May
/// wait for the desktop's keyring: not for the GUI thread.
Result<std::optional<Token>> find_token(HubKind hub);

/// Also where it was found: a variable, a file or "the desktop's keyring".
struct FoundToken {
  Token token;
  std::string place;
};
Result<std::optional<FoundToken>> locate_token(HubKind hub);

/// Kept in the desktop's keyring, else in a file of config_dir() that only its owner can read. Not for the GUI thread.
Result<void> store_token(HubKind hub, const Token& token);
/// What store_token() kept; of other tools' tokens none is touched.
Result<void> forget_token(HubKind hub);

/// 1, ON, YES and TRUE in any case: what huggingface_hub takes for true.
bool is_set(const char* variable);
/// The value of an environment variable; empty when unset.
std::string environment(const char* variable);
/// $HF_HOME, else $XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface.
std::string hugging_face_home();
/// $HOME, else what the system has on record.
std::string user_home();

}  // namespace flightdeck
