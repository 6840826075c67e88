// The Secret Service through libsecret, which brings its own types; its functions are found at run time.
#include <dlfcn.h>
#include <libsecret/secret.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "core/hub/http.h"
#include "core/hub/keyring.h"

namespace flightdeck::keyring {
namespace {

constexpr std::chrono::seconds kLookUpLimit{20};  // a locked keyring asks the person for its password
constexpr std::chrono::seconds kStoreLimit{120};

const SecretSchema* schema() {
  static const SecretSchema own = [] {
    SecretSchema made{};
    made.name = "flightdeck.HubToken";
    made.attributes[0] = {"hub", SECRET_SCHEMA_ATTRIBUTE_STRING};
    return made;
  }();
  return &own;
}

/// libsecret and, through it, GLib; never unloaded.
struct Library {
  void* handle = dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
  template <class Function>
  Function* find(Function*, const char* name) const {
    return handle ? reinterpret_cast<Function*>(dlsym(handle, name)) : nullptr;
  }
#define FLIGHTDECK_FOUND(name) decltype(&::name) name = find(&::name, #name)
  FLIGHTDECK_FOUND(secret_password_store_sync);
  FLIGHTDECK_FOUND(secret_password_lookup_sync);
  FLIGHTDECK_FOUND(secret_password_clear_sync);
  FLIGHTDECK_FOUND(secret_password_free);
  FLIGHTDECK_FOUND(g_cancellable_new);
  FLIGHTDECK_FOUND(g_cancellable_cancel);
  FLIGHTDECK_FOUND(g_object_unref);
  FLIGHTDECK_FOUND(g_error_free);
  FLIGHTDECK_FOUND(g_error_matches);
  FLIGHTDECK_FOUND(g_io_error_quark);
  FLIGHTDECK_FOUND(g_dbus_error_quark);
#undef FLIGHTDECK_FOUND
  bool complete() const {
    return secret_password_store_sync && secret_password_lookup_sync && secret_password_clear_sync &&
           secret_password_free && g_cancellable_new && g_cancellable_cancel && g_object_unref && g_error_free &&
           g_error_matches && g_io_error_quark && g_dbus_error_quark;
  }
};

/// Without a session bus GLib would start one. A profile in a folder of its own (FLIGHTDECK_HOME) keeps its tokens too.
bool is_wanted() {
  if (!environment("FLIGHTDECK_HOME").empty()) return false;
  struct stat info {};
  return !environment("DBUS_SESSION_BUS_ADDRESS").empty() ||
         stat((environment("XDG_RUNTIME_DIR") + "/bus").c_str(), &info) == 0;
}

const Library* library() {
  if (!is_wanted()) return nullptr;
  static const Library loaded;
  return loaded.complete() ? &loaded : nullptr;
}

using Clock = std::chrono::steady_clock;
// A keyring that gave no token is left in peace for a while: it may be locked, and each look asks its owner again.
constexpr std::chrono::minutes kPeace{5};
std::atomic<Clock::rep> quiet_until[2];  // of each hub

std::atomic<Clock::rep>& quiet_of(HubKind hub) { return quiet_until[hub == HubKind::model_scope]; }
void keep_quiet(HubKind hub) { quiet_of(hub) = (Clock::now() + kPeace).time_since_epoch().count(); }
bool is_quiet(HubKind hub) { return Clock::now().time_since_epoch().count() < quiet_of(hub); }

/// Ends a call that takes longer than `limit`.
class Deadline {
 public:
  Deadline(const Library& own, std::chrono::seconds limit)
      : own_(own), cancellable_(own.g_cancellable_new()), watcher_([this, limit](std::stop_token stop) {
          if (wait_for(limit, stop)) own_.g_cancellable_cancel(cancellable_);
        }) {}
  ~Deadline() {
    watcher_.request_stop();
    watcher_.join();
    own_.g_object_unref(cancellable_);
  }
  GCancellable* cancellable() const { return cancellable_; }

 private:
  const Library& own_;
  GCancellable* cancellable_;
  std::jthread watcher_;
};

/// `unsupported` where nobody on the bus keeps secrets, `unreachable` where the bus itself does not answer.
ErrorKind kind_of(const Library& own, const GError* error) {
  for (const int code : {G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER, G_DBUS_ERROR_SPAWN_EXEC_FAILED,
                         G_DBUS_ERROR_SPAWN_CHILD_EXITED, G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND})
    if (own.g_error_matches(error, own.g_dbus_error_quark(), code)) return ErrorKind::unsupported;
  for (const int code : {G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_DBUS_ERROR})
    if (own.g_error_matches(error, own.g_io_error_quark(), code)) return ErrorKind::io;
  return error && error->domain == own.g_io_error_quark() ? ErrorKind::unreachable : ErrorKind::io;
}

tl::unexpected<Error> error_of(const Library& own, GError* error, const char* doing) {
  const ErrorKind kind = kind_of(own, error);
  const std::string said = error ? error->message : "it does not say why";
  if (error) own.g_error_free(error);
  return fail(kind, "the desktop's keyring cannot {} the access token ({}): unlock it and try again", doing, said);
}

std::string hub_name(HubKind hub) { return std::string(name_of(hub)); }

}  // namespace

Result<std::optional<Token>> look_up(HubKind hub) {
  const Library* own = library();
  if (!own) return std::optional<Token>();
  static std::mutex one_at_a_time;  // so that a second download waits for the first one's question to be answered
  const std::lock_guard lock(one_at_a_time);
  if (is_quiet(hub)) return std::optional<Token>();
  keep_quiet(hub);  // until a token is found
  const Deadline deadline(*own, kLookUpLimit);
  GError* error = nullptr;
  gchar* found =
      own->secret_password_lookup_sync(schema(), deadline.cancellable(), &error, "hub", hub_name(hub).c_str(), nullptr);
  if (error) {
    auto failed = error_of(*own, error, "read");
    if (failed.value().kind != ErrorKind::io) return std::optional<Token>();
    return failed;
  }
  if (!found) return std::optional<Token>();
  auto token = Token::parse(found);
  own->secret_password_free(found);
  if (!token) return tl::unexpected(token.error());
  quiet_of(hub) = 0;
  return std::optional(std::move(*token));
}

Result<void> store(HubKind hub, const Token& token) {
  const Library* own = library();
  if (!own) return fail(ErrorKind::unsupported, "there is no keyring here: the token goes to a file");
  const Deadline deadline(*own, kStoreLimit);
  GError* error = nullptr;
  const std::string label = "Flightdeck: access token of " + hub_name(hub);
  const bool stored =
      own->secret_password_store_sync(schema(), SECRET_COLLECTION_DEFAULT, label.c_str(), token.secret().c_str(),
                                      deadline.cancellable(), &error, "hub", hub_name(hub).c_str(), nullptr);
  if (!stored) return error_of(*own, error, "keep");
  quiet_of(hub) = 0;
  return {};
}

Result<void> forget(HubKind hub) {
  const Library* own = library();
  if (!own) return {};
  const Deadline deadline(*own, kStoreLimit);
  GError* error = nullptr;
  // false without an error: there was none.
  own->secret_password_clear_sync(schema(), deadline.cancellable(), &error, "hub", hub_name(hub).c_str(), nullptr);
  if (!error) return {};
  auto failed = error_of(*own, error, "remove");
  if (failed.value().kind == ErrorKind::unsupported) return {};
  return failed;
}

}  // namespace flightdeck::keyring
