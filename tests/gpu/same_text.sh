#!/usr/bin/env bash
# Does a GPU say what the CPU says? The starter model in every format: greedy answers of up to 200 tokens to the held-out
# questions (those of one message), and the logits of a few questions, on both devices. Prints a line a format:
#   full_prec  same text 250 of 251 = 99.6 % (at least 98)   logits 1.2e-03 (at most 5e-3)
# The reference is float32 on the CPU: for a quantized format of exactly the weights that its codes and scales say
# (dequantize.py). The CPU backend rounds activations to int8 beside quantized weights, so a second line, which only tells,
# compares with the quantized engine on the CPU. Needs bash, awk, od and python3 with numpy.
#   tests/gpu/same_text.sh PROGRAM [DEVICE [FLAGS...]]        DEVICE: cuda:0; FLAGS go to the run on DEVICE (--deterministic)
#   FLIGHTDECK_FORMATS="full_prec int8_wo int4_wo", FLIGHTDECK_QUESTIONS=0 (all), FLIGHTDECK_LOGIT_QUESTIONS=8
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
program="${1:?which program? build/tests/flightdeck, for example}"
device="${2:-cuda:0}"
shift $(($# < 2 ? $# : 2))
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
most="${FLIGHTDECK_QUESTIONS:-0}"
logit_questions="${FLIGHTDECK_LOGIT_QUESTIONS:-8}"

# Questions without escapes, which bash need not understand.
mapfile -t questions < <(sed -n 's/.*"messages": \[{"role": "user", "content": "\([^"\\]*\)"}\].*/\1/p' \
  "$root/resources/starter/heldout.jsonl")
[ "$most" -gt 0 ] && questions=("${questions[@]:0:$most}")
[ "${#questions[@]}" -gt 0 ] || { echo "no questions found" >&2; exit 1; }

answers() {  # answers ENGINE DEVICE FILE [FLAGS...]: prompt and answer ids, a row each
  local arguments=() question
  for question in "${questions[@]}"; do arguments+=(--input_text "$question"); done
  "$program" run --engine_dir "$1" --device "$2" --chat --max_output_len 200 --output_csv "$3" "${@:4}" \
    "${arguments[@]}" >"$work/run.log" 2>&1 || { tail -5 "$work/run.log" >&2; return 1; }
}

logits() {  # logits ENGINE DEVICE QUESTION FILE [FLAGS...]: of every prompt position, as text
  "$program" run --engine_dir "$1" --device "$2" --chat --input_text "$3" --max_output_len 1 \
    --output_logits_npy "$work/logits.npy" "${@:5}" >"$work/run.log" 2>&1 || { tail -5 "$work/run.log" >&2; return 1; }
  local header
  header="$(od -An -t u2 -j 8 -N 2 "$work/logits.npy")"
  od -An -v -w4 -t f4 -j $((10 + header)) "$work/logits.npy" >"$4"
}

build() {  # build MODEL ENGINE FORMAT DTYPE
  "$program" build --model_dir "$1" --output_dir "$2" --qformat "$3" --dtype "$4" --no_measure_error >"$work/build.log" 2>&1 ||
    { tail -5 "$work/build.log" >&2; exit 1; }
}

# compare NAME REFERENCE ENGINE BAR [FLAGS...]: prints the line of ENGINE on $device against REFERENCE on the CPU; with BAR
# 1 fails where it is missed.
compare() {
  local name="$1" reference="$2" engine="$3" bar="$4" same error question
  shift 4
  answers "$reference" cpu "$work/cpu.csv"
  answers "$engine" "$device" "$work/device.csv" "$@"
  [ "$(wc -l <"$work/cpu.csv")" = "${#questions[@]}" ] && [ "$(wc -l <"$work/device.csv")" = "${#questions[@]}" ] ||
    { echo "$name: not every question has an answer" >&2; return 1; }
  same="$(paste -d '|' "$work/cpu.csv" "$work/device.csv" | awk -F'|' '$1 == $2 {n++} END {print n + 0}')"
  : >"$work/pairs"
  for question in "${questions[@]:0:$logit_questions}"; do
    logits "$reference" cpu "$question" "$work/cpu.txt"
    logits "$engine" "$device" "$question" "$work/device.txt" "$@"
    paste "$work/cpu.txt" "$work/device.txt" >>"$work/pairs"
  done
  # The largest difference over the largest logit.
  error="$(awk 'NF != 2 || $1 != $1 + 0 || $2 != $2 + 0 {bad = 1}
    {d = $1 - $2; if (d < 0) d = -d; if (d > worst) worst = d; x = $1 < 0 ? -$1 : $1; if (x > most) most = x}
    END {printf "%.2e", bad || NR == 0 || most == 0 ? 1 : worst / most}' "$work/pairs")"
  awk -v name="$name" -v same="$same" -v all="${#questions[@]}" -v error="$error" -v bar="$bar" 'BEGIN {
    share = 100 * same / all
    good = share >= 98 && error + 0 <= 5e-3
    printf "%s  %-20s  same text %d of %d = %.1f %% (at least 98)   logits %s (at most 5e-3)\n",
      bar == 0 ? "----" : good ? "PASS" : "FAIL", name, same, all, share, error
    exit bar == 1 && !good }'
}

failed=0
for format in ${FLIGHTDECK_FORMATS:-full_prec int8_wo int4_wo}; do
  engine="$work/$format"
  dtype=float16  # what a GPU then computes in; the checkpoint's own bfloat16 has three bits less
  [ "$format" = full_prec ] && dtype=float32
  build "$root/resources/starter/model" "$engine" "$format" "$dtype"
  if [ "$format" = full_prec ]; then
    compare "$format" "$engine" "$engine" 1 "$@" || failed=1
    continue
  fi
  "${FLIGHTDECK_PYTHON:-python3}" "$root/tests/gpu/dequantize.py" "$engine" "$root/resources/starter/model" "$work/exact-$format"
  build "$work/exact-$format" "$work/exact-$format-engine" full_prec float32
  compare "$format" "$work/exact-$format-engine" "$engine" 1 "$@" || failed=1
  compare "$format as the CPU" "$engine" "$engine" 0 "$@"
done
exit $failed
