#!/usr/bin/env bash
# Installs what is missing, builds and runs every test, offscreen; ends with ctest's summary. Arguments go to cmake.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../app/setup.sh"
install_missing
build_preset tests "$@"
cd "$root" && QT_QPA_PLATFORM=offscreen ctest --test-dir build/tests --output-on-failure -j "$(nproc)"
