// `flightdeck login` and `logout`: a hub's access token, read so that neither a screen nor a shell's history keeps it.
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/terminal.h"
#include "core/hub/credentials.h"

namespace flightdeck::cli {
namespace {

constexpr size_t kMostBytes = 8192;

struct Flags {
  std::string source = "huggingface";
  std::string onCommandLine;  // refused: other users see the words of a command
};

/// While one lives, the terminal does not show what is typed.
class Unseen {
 public:
  Unseen() {
    is_changed_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_changed_ = is_changed_ && tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Unseen() {
    if (!is_changed_) return;
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    fmt::print(stderr, "\n");  // the one that was not shown
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool works() const { return is_changed_; }

 private:
  termios before_{};
  bool is_changed_ = false;
};

/// The first line of standard input, byte by byte: what stands behind it is not ours.
Result<std::string> readLine(std::stop_token stop) {
  std::string line;
  for (char byte = 0; line.size() < kMostBytes;) {
    const ssize_t got = read(STDIN_FILENO, &byte, 1);
    if (stop.stop_requested() || (got < 0 && errno == EINTR)) return fail(ErrorKind::cancelled, "no token was taken");
    if (got < 0) return fail(ErrorKind::io, "standard input cannot be read: give the token with a pipe or a terminal");
    if (got == 0 || byte == '\n') return line;
    line += byte;
  }
  return line;
}

Result<std::string> askForToken(const std::string& source) {
  const Interrupt interrupt;
  if (!isTerminal(stdin)) return readLine(interrupt.token());
  const Unseen unseen;
  if (!unseen.works())
    return fail(ErrorKind::io, "this terminal cannot hide what is typed: pipe the token in, 'flightdeck login < FILE'");
  fmt::print(stderr, "Access token of {} (nothing is shown while you paste it): ", source);
  std::fflush(stderr);
  return readLine(interrupt.token());
}

/// Which token counts now, when it is another one than ours.
std::string stillThere(HubKind hub, bool wasStored) {
  const auto found = locate_token(hub);
  if (!found) return found.error().message;
  if (!*found) return wasStored ? "HF_HUB_DISABLE_IMPLICIT_TOKEN is set: it is not used" : "";
  return (*found)->place;
}

Result<int> login(const Flags& flags) {
  if (!flags.onCommandLine.empty())
    return fail(ErrorKind::invalid_input,
                "a token on the command line can be read by every user of this machine and stays in the shell's "
                "history: replace it at the hub, then run 'flightdeck login' and paste the new one there");
  TRY(const HubKind hub, parse_hub(flags.source));
  TRY(const std::string text, askForToken(flags.source));
  TRY(const Token token, Token::parse(text));
  TRY_VOID(store_token(hub, token));
  const auto found = locate_token(hub);
  if (found && *found && (*found)->token.secret() != token.secret()) {
    fmt::print("The token of {} is kept, but the one of {} comes first: remove that one to use it\n", flags.source,
               (*found)->place);
    return 0;
  }
  fmt::print("The token of {} is kept in {}\n", flags.source, stillThere(hub, true));
  return 0;
}

Result<int> logout(const Flags& flags) {
  TRY(const HubKind hub, parse_hub(flags.source));
  TRY_VOID(forget_token(hub));
  const std::string other = stillThere(hub, false);
  fmt::print("No token of {} is kept here any more\n", flags.source);
  if (!other.empty()) fmt::print(stderr, "flightdeck: {} still gives one\n", other);
  return 0;
}

}  // namespace

void addLogin(CLI::App& program, Action& action) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* in = program.add_subcommand("login", "Keep a hub's access token, read from the terminal or standard input");
  in->add_option("--source", flags->source, "huggingface or modelscope");
  in->add_option("token", flags->onCommandLine)->group("");  // taken, so that no message repeats it
  in->callback([flags, &action] { action = [flags] { return login(*flags); }; });
  CLI::App* out = program.add_subcommand("logout", "Forget the access token that login kept");
  out->add_option("--source", flags->source, "huggingface or modelscope");
  out->callback([flags, &action] { action = [flags] { return logout(*flags); }; });
}

}  // namespace flightdeck::cli
