# Sourced by app/run.sh and tests/run.sh: installs what is missing, configures and builds a preset.
# Debian 12 and Ubuntu 24.04; other systems: install the same libraries and set FLIGHTDECK_NO_INSTALL=1.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# "a|b": the first name this distribution knows.
packages=(g++ cmake ninja-build pkg-config qt6-base-dev "qt6-svg-dev|libqt6svg6-dev" qt6-tools-dev qt6-l10n-tools qt6-translations-l10n libgl-dev libsecret-1-dev
  libhwy-dev nlohmann-json3-dev libsentencepiece-dev libspdlog-dev libfmt-dev libcli11-dev libsqlite3-dev libxxhash-dev libssl-dev
  libcurl4-openssl-dev libutf8proc-dev "libexpected-dev|libtl-expected-dev"
  "fonts-wqy-microhei|fonts-noto-cjk|fonts-wqy-zenhei")  # Chinese letters: any of them will do

say() { printf '%s\n' "$*" >&2; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local entry name
  for entry in "${packages[@]}"; do
    local found=
    for name in ${entry//|/ }; do if installed "$name"; then found=1; break; fi; done
    [ -n "$found" ] || printf '%s\n' "$entry"
  done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_missing() {
  [ -z "${FLIGHTDECK_NO_INSTALL:-}" ] || return 0
  command -v apt-get >/dev/null || { say "No apt-get here: install the libraries named in app/setup.sh, then set FLIGHTDECK_NO_INSTALL=1."; return 0; }
  local missing; mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing: ${missing[*]}"
  as_root apt-get update -qq
  local names=() entry name
  for entry in "${missing[@]}"; do
    for name in ${entry//|/ }; do
      if apt-cache show "$name" >/dev/null 2>&1; then names+=("$name"); break; fi
    done
  done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${names[@]}" >/dev/null
}

# build_preset NAME [cmake arguments]: configures when needed, builds what changed.
build_preset() {
  local preset=$1; shift
  if [ ! -f "$root/build/$preset/build.ninja" ] || [ $# -gt 0 ]; then
    (cd "$root" && cmake --preset "$preset" "$@" >"$root/build-$preset.log" 2>&1) ||
      { cat "$root/build-$preset.log" >&2; say "Configuring failed; the log is above."; return 1; }
    mv "$root/build-$preset.log" "$root/build/$preset/configure.log"
  fi
  # Quiet when there is nothing to do, a line a file otherwise.
  cmake --build "$root/build/$preset" >&2
}
