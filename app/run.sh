#!/usr/bin/env bash
# Installs what is missing, builds and starts Flightdeck with the arguments given.
# Without arguments: the window; where there is no display, the headless main job (an INT8 engine of the starter model answers a question).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
install_missing
build_preset release | { grep -v 'no work to do' || true; } >&2
program="$root/build/release/flightdeck"

if [ $# -gt 0 ] || [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then exec "$program" "$@"; fi

say "No display here (DISPLAY and WAYLAND_DISPLAY are empty): doing the headless main job instead of opening the window."
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
"$program" build --model_dir "$root/resources/starter/model" --output_dir "$folder/starter-int8" --qformat int8_wo
"$program" run --engine_dir "$folder/starter-int8" --chat --streaming --stats --temperature 0 --max_output_len 200 --input_text "世界上第二高的山峰是哪座?"
